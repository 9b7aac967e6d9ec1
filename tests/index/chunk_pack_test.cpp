#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <larder/index/chunk_pack.hpp>
#include <map>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace larder;
using namespace larder::index;

namespace {

/// Files by their SHA-256, as a store has them.
struct files {
    std::map<digest, std::string> all;

    digest add(std::string bytes) {
        const auto name = sha256(bytes);
        all[name] = std::move(bytes);
        return name;
    }
    result<unique_fd> open(const digest& name) const {
        const auto found = all.find(name);
        if (found == all.end()) return error{errc::absent, "no file " + name.hex()};
        unique_fd fd{::memfd_create("chunks", MFD_CLOEXEC)};
        REQUIRE(write_all(fd.get(), found->second, "a test"));
        return fd;
    }
    /// Keeps an index; the name of its file.
    digest keep(const std::string& text, const known_chunks& known = {}) {
        std::string bytes;
        const auto in = memory_source(text, 10'000);
        const auto list = pack_chunks(*in, known, [&](std::string_view piece) -> result<void> {
            bytes += piece;
            return {};
        });
        REQUIRE(list);
        CHECK(list->content == sha256(text));
        CHECK(list->size == text.size());
        return add(std::move(bytes));
    }
    result<chunk_list> list(const digest& name) const { return read_chunk_list(open(name).value().get()); }

    result<std::string> joined(const digest& name) const {
        LARDER_TRY(auto chunks, list(name));
        const auto in = join_chunks(std::move(chunks), name, [this](const digest& file) { return open(file); });
        std::string text;
        for (;;) {
            LARDER_TRY(const auto piece, in->next());
            if (piece.empty()) return text;
            text += piece;
        }
    }
};

std::vector<std::string> stanzas(std::size_t n) {
    std::mt19937 random{7};
    std::vector<std::string> out;
    for (std::size_t i = 0; i < n; ++i) {
        std::string words(200 + random() % 800, ' ');
        for (auto& c : words) c = static_cast<char>('a' + random() % 6);
        out.push_back("Package: p" + std::to_string(i) + "\nVersion: 1\nDescription: " + words + "\n\n");
    }
    return out;
}

std::string text_of(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) out += one;
    return out;
}

known_chunks chunks_of(const files& in, const digest& name) {
    known_chunks known;
    add_chunks(known, name, in.list(name).value());
    return known;
}

}  // namespace

TEST_CASE("kept chunks: an index comes back byte for byte", "[index]") {
    files store;
    for (const auto& text : {std::string{}, std::string{"Package: a\n"}, std::string{"\n\n\n\n"},
                             text_of(stanzas(2000)), "A: " + std::string(300'000, 'x') + "\n\n"})
        CHECK(store.joined(store.keep(text)).value() == text);
}

TEST_CASE("kept chunks: of a second state only what changed is written", "[index]") {
    files store;
    auto all = stanzas(4000);
    const auto first = store.keep(text_of(all));
    all[1000] += "New: field\n\n";
    all.erase(all.begin() + 2000);
    const auto before = store.all.at(first).size();
    const auto second = store.keep(text_of(all), chunks_of(store, first));
    CHECK(store.joined(second).value() == text_of(all));
    CHECK(store.all.at(second).size() * 10 < before);
    // A third names chunks of both, and of neither any that the other has.
    all[3000] += "New: field\n\n";
    const auto third = store.keep(text_of(all), chunks_of(store, second));
    CHECK(store.joined(third).value() == text_of(all));
    CHECK(store.list(third)->packs.size() == 2);
    CHECK(store.joined(first).value() == text_of(stanzas(4000)));
    // What comes back is there already.
    auto known = chunks_of(store, third);
    add_chunks(known, first, store.list(first).value());
    const auto again = store.list(store.keep(text_of(stanzas(4000)), known)).value();
    CHECK(std::all_of(again.chunks.begin(), again.chunks.end(), [](const auto& one) { return one.pack != 0; }));
}

TEST_CASE("kept chunks: a chunk that an index has twice is written once", "[index]") {
    files store;
    const auto half = text_of(stanzas(1000));
    const auto once = store.all.at(store.keep(half)).size();
    const auto twice = store.keep(half + half);
    CHECK(store.joined(twice).value() == half + half);
    CHECK(store.all.at(twice).size() < once * 12 / 10);
}

TEST_CASE("kept chunks: damage is found, and said where", "[index]") {
    files store;
    auto all = stanzas(3000);
    const auto first = store.keep(text_of(all));
    all[1500] += "New: field\n\n";
    const auto second = store.keep(text_of(all), chunks_of(store, first));
    store.all[first][1000] ^= 1;
    for (const auto& name : {first, second}) {
        const auto text = store.joined(name);
        REQUIRE_FALSE(text);
        CHECK(text.error().code() == errc::digest_mismatch);
        CHECK(text.error().detail().find(first.hex()) != std::string::npos);
    }
    store.all.erase(first);
    CHECK(store.joined(second).error().code() == errc::absent);
}

TEST_CASE("kept chunks: another chunk in the place of one is damage, though it is whole", "[index]") {
    files store;
    const auto name = store.keep(text_of(stanzas(1000)));
    auto list = store.list(name).value();
    REQUIRE(list.chunks.size() > 2);
    const auto open = [&](const digest& file) { return store.open(file); };
    const auto how = [&](chunk_list chunks) {
        const auto in = join_chunks(std::move(chunks), name, open);
        for (;;) {
            const auto piece = in->next();
            if (!piece) return piece.error().code();
            if (piece->empty()) return errc::cancelled;  // none
        }
    };
    CHECK(how(list) == errc::cancelled);
    auto moved = list;
    moved.chunks[0].offset = list.chunks[1].offset;
    moved.chunks[0].stored = list.chunks[1].stored;
    CHECK(how(moved) == errc::digest_mismatch);
    auto renamed = list;
    renamed.chunks[0].content = sha256("another");
    CHECK(how(renamed) == errc::digest_mismatch);
    std::swap(list.chunks[0], list.chunks[1]);
    CHECK(how(list) == errc::digest_mismatch);
}

TEST_CASE("kept chunks: a file that is cut, damaged at its end, or none is refused", "[index]") {
    files store;
    const auto whole = store.all.at(store.keep(text_of(stanzas(500))));
    for (const auto size : {std::size_t{0}, std::size_t{5}, std::size_t{16}, whole.size() - 1, whole.size() / 2}) {
        CAPTURE(size);
        CHECK(store.list(store.add(whole.substr(0, size))).error().code() == errc::malformed);
    }
    auto long_list = whole;
    long_list[whole.size() - 3] = 1;
    CHECK(store.list(store.add(long_list)).error().code() == errc::malformed);
    // One byte more than there is before the end.
    auto longer = whole;
    for (std::size_t i = 0, length = whole.size() - 15; i < 8; ++i, length >>= 8)
        longer[whole.size() - 8 + i] = static_cast<char>(length & 0xff);
    CHECK(store.list(store.add(longer)).error().code() == errc::malformed);
    // A frame that says of itself that it has 2^62 bytes (RFC 8878, section 3.1.1.1).
    const auto huge = std::string{"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x40", 13} +
                      std::string{"\x5e\x2a\x4d\x18\x08\0\0\0\x0d\0\0\0\0\0\0\0", 16};
    CHECK(store.list(store.add(huge)).error().code() == errc::malformed);
    auto damaged = whole;
    damaged[whole.size() - 30] ^= 1;
    CHECK_FALSE(store.list(store.add(damaged)));
}

TEST_CASE("kept chunks: of many files some are open at a time", "[index]") {
    const auto open_now = [] {
        const std::filesystem::directory_iterator all{"/proc/self/fd"};
        return std::distance(begin(all), end(all));
    };
    files store;
    known_chunks known;
    std::string text;
    for (int i = 0; i < 100; ++i) {
        auto one = text_of(stanzas(1));
        one.insert(9, std::to_string(i)).insert(one.size() - 2, std::string(70'000, 'x'));
        const auto name = store.keep(one);
        add_chunks(known, name, store.list(name).value());
        text += one;
    }
    const auto name = store.keep(text, known);
    REQUIRE(store.list(name).value().packs.size() == 100);
    const auto before = open_now();
    std::ptrdiff_t most = 0;
    const auto in = join_chunks(store.list(name).value(), name, [&](const digest& file) {
        most = std::max(most, open_now() - before);
        return store.open(file);
    });
    std::string joined;
    for (auto piece = in->next().value(); !piece.empty(); piece = in->next().value()) joined += piece;
    CHECK(joined == text);
    CHECK(most < 40);
}

TEST_CASE("kept chunks: errors of source and sink are handed on", "[index]") {
    const auto text = text_of(stanzas(500));
    const auto in = memory_source(text, 1000);
    const auto full = [](std::string_view) -> result<void> { return error{errc::full, "no room"}; };
    CHECK(pack_chunks(*in, {}, full).error().code() == errc::full);
}

TEST_CASE("a list of chunks: that of a published index has gzip members and names, all or none", "[index]") {
    chunk_list list;
    list.content = sha256("x");
    list.size = 30;
    list.chunks = {{sha256("a"), 10, 0, 0, 9, 11, "hello"}, {sha256("b"), 20, 0, 28, 12, 14, "libc6"}};
    const auto text = list.write();
    CHECK(text == "Larder-Index: 2\nContent: " + sha256("x").hex() + " 30\n\n" + sha256("a").hex() +
                      " 10 0 0 9 11 hello\n" + sha256("b").hex() + " 20 0 28 12 14 libc6\n");
    CHECK(chunk_list::read(text).value() == list);
    for (const auto& [what, instead] : std::vector<std::pair<std::string, std::string>>{{" 11 hello", ""},
                                                                                        {" 11 hello", " 0 hello"},
                                                                                        {" hello", " "},
                                                                                        {" hello", " he\tllo"},
                                                                                        {"Index: 2", "Index: 1"}}) {
        CAPTURE(what, instead);
        auto other = text;
        other.replace(other.find(what), what.size(), instead);
        CHECK(chunk_list::read(other).error().code() == errc::malformed);
    }
}

TEST_CASE("a list of chunks: of an index that is published it has the other forms, too", "[index]") {
    chunk_list list;
    list.content = sha256("x");
    list.size = 30;
    list.chunks = {{sha256("a"), 10, 0, 0, 9, 11, "alpha"}, {sha256("b"), 20, 0, 28, 12, 13, "beta"}};
    const auto with_gzip = list.write();
    CHECK(with_gzip == "Larder-Index: 2\nContent: " + sha256("x").hex() + " 30\n\n" + sha256("a").hex() +
                           " 10 0 0 9 11 alpha\n" + sha256("b").hex() + " 20 0 28 12 13 beta\n");
    CHECK(chunk_list::read(with_gzip).value() == list);
    list.chunks[0].xz = 14;
    list.chunks[1].xz = 15;
    const auto with_xz = list.write();
    CHECK(with_xz == "Larder-Index: 3\nContent: " + sha256("x").hex() + " 30\n\n" + sha256("a").hex() +
                         " 10 0 0 9 11 14 alpha\n" + sha256("b").hex() + " 20 0 28 12 13 15 beta\n");
    CHECK(chunk_list::read(with_xz).value() == list);
    auto odd = with_xz;
    odd.replace(odd.find(" 14 "), 4, " 0 ");
    CHECK(chunk_list::read(odd).error().code() == errc::malformed);
    odd = with_xz;
    odd.replace(odd.find(" 14 "), 4, " ");
    CHECK(chunk_list::read(odd).error().code() == errc::malformed);
}

TEST_CASE("a list of chunks: is written and read as the same, and nothing else is taken", "[index]") {
    chunk_list list;
    list.content = sha256("x");
    list.size = 30;
    list.packs = {sha256("p"), sha256("q")};
    list.chunks = {{sha256("a"), 10, 0, 0, 9}, {sha256("b"), 20, 2, 77, 12}};
    const auto text = list.write();
    CHECK(text == "Larder-Index: 1\nContent: " + sha256("x").hex() + " 30\nPack: " + sha256("p").hex() +
                      "\nPack: " + sha256("q").hex() + "\n\n" + sha256("a").hex() + " 10 0 0 9\n" + sha256("b").hex() +
                      " 20 2 77 12\n");
    CHECK(chunk_list::read(text).value() == list);
    const auto with = [&](std::string_view what, std::string_view instead) {
        auto other = text;
        other.replace(other.find(what), what.size(), instead);
        return chunk_list::read(other);
    };
    CHECK(with("Index: 1", "Index: 4").error().code() == errc::unsupported);
    CHECK(with(" 30", " 31").error().detail().find("30 bytes, the index 31") != std::string::npos);
    CHECK(with("12\n", "12").error().detail().find("line 7") != std::string::npos);
    for (const auto& [what, instead] :
         std::vector<std::pair<std::string, std::string>>{{"Content", "content"},
                                                          {" 10 0", " 010 0"},
                                                          {" 10 0", "  10 0"},
                                                          {" 2 77", " 3 77"},
                                                          {" 20 ", " -20 "},
                                                          {" 9\n", " 0\n"},
                                                          {" 10 0 0 9", " 0 0 0 9"},
                                                          {"\n\n", "\n"},
                                                          {" 77 ", " 999999999999999999 "}}) {
        CAPTURE(what, instead);
        CHECK(with(what, instead).error().code() == errc::malformed);
    }
    CHECK(chunk_list::read("").error().code() == errc::malformed);
    CHECK(chunk_list::read(std::string(65U << 20, '\n')).error().code() == errc::too_large);
}
