#include <catch2/catch.hpp>
#include <future>
#include <larder/index/decompress.hpp>
#include <larder/pockets/published_index.hpp>
#include <random>
#include <scratch_folder.hpp>

using namespace larder;
using namespace larder::pockets;

namespace {

using stanzas = std::map<std::string, std::string, std::less<>>;

std::string stanza(const std::string& name, const std::string& version, std::size_t filling = 400) {
    std::mt19937 random{static_cast<unsigned>(std::hash<std::string>{}(name + version))};
    std::string text = "Package: " + name + "\nVersion: " + version + "\nDescription: ";
    for (std::size_t i = 0; i < filling; ++i) text.push_back(static_cast<char>('a' + random() % 26));
    return text + "\n";
}

std::string text_of(const stanzas& all) {
    std::string text;
    for (const auto& [name, one] : all) text += one + "\n";
    return text;
}

/// A store with indices that were published, one after the other.
class publisher {
public:
    publisher() : objects_{store::open_file_objects(folder_.path()).value()} {}

    const object_opener open = [this](const digest& name) { return objects_->open(name); };

    /// What is published, and how many bytes that took on the disk.
    result<published_index> publish(const stanza_edits& edits, const index::known_chunks& known = {},
                                    with_xz xz = with_xz::no) {
        LARDER_TRY(const auto out, objects_->begin());
        LARDER_TRY(auto made, publish_index(last_, edits, known, open, *out, xz, marks_));
        written = out->size();
        return keep(std::move(made), out);
    }
    /// Of lines, handed over in pieces of this size.
    result<published_index> publish_text(const std::string& text, std::size_t piece = 1000) {
        LARDER_TRY(const auto out, objects_->begin());
        const auto write = [&](const piece_taker& to) -> result<void> {
            for (std::size_t at = 0; at < text.size(); at += piece)
                LARDER_CHECK(to(std::string_view{text}.substr(at, piece)));
            return {};
        };
        LARDER_TRY(auto made, publish_lines(last_, write, open, *out));
        written = out->size();
        return keep(std::move(made), out);
    }
    const placed_list& last() const { return *last_; }
    void forget() { last_.reset(); }
    std::string text(form which) const {
        std::string bytes;
        REQUIRE(splice(*last_, which, open, [&](std::string_view piece) -> result<void> {
            bytes += piece;
            return {};
        }));
        return bytes;
    }
    std::string folder() const { return folder_.path(); }

    std::uint64_t written = 0;

private:
    result<published_index> keep(published_index made, const std::unique_ptr<store::incoming>& out) {
        // Reading back what was appended: the object is made of it.
        std::string bytes = pread_all(out->fd(), out->size(), 0, "a test").value();
        LARDER_TRY(const auto object, objects_->put(bytes, sys_seconds{}));
        last_ = placed_list{made.list, object};
        marks_ = made.marks;
        return made;
    }

    test::scratch_folder folder_{test::on::memory};
    std::unique_ptr<store::object_store> objects_;
    std::optional<placed_list> last_;
    form_marks_ptr marks_;  ///< of that
};

std::string unpacked(std::string bytes, index::compression how) {
    const auto in = index::decompress(index::memory_source(bytes), how, 1U << 30).value();
    std::string text;
    for (;;) {
        const auto piece = in->next();
        REQUIRE(piece);
        if (piece->empty()) return text;
        text += *piece;
    }
}

stanza_edits as_edits(const stanzas& all) {
    stanza_edits edits;
    for (const auto& [name, one] : all) edits[name] = one;
    return edits;
}

stanzas many(std::size_t count) {
    stanzas all;
    for (std::size_t i = 0; i < count; ++i) {
        const auto name = "package-" + std::to_string(i * 7919 % 100'003);
        all[name] = stanza(name, "1.0");
    }
    return all;
}

void check_forms(const publisher& p, const published_index& made, const stanzas& all) {
    const auto text = text_of(all);
    CHECK(made.list.size == text.size());
    CHECK(made.list.content == sha256(text));
    const auto gzip = p.text(form::gzip), zstd = p.text(form::zstd);
    CHECK(made.gzip.content == sha256(gzip));
    CHECK(made.gzip.size == gzip.size());
    CHECK(made.zstd.content == sha256(zstd));
    CHECK(made.zstd.size == zstd.size());
    CHECK(unpacked(gzip, index::compression::gz) == text);
    CHECK(unpacked(zstd, index::compression::zst) == text);
}

}  // namespace

TEST_CASE("published index: it is its stanzas by name, and its compressed forms unpack to it", "[pockets][publish]") {
    publisher p;
    const auto all = many(3000);
    const auto made = p.publish(as_edits(all));
    REQUIRE(made);
    CHECK(made->list.chunks.size() > 5);
    check_forms(p, *made, all);
}

TEST_CASE("published index: an empty one has forms that unpack to nothing", "[pockets][publish]") {
    publisher p;
    const auto made = p.publish({});
    REQUIRE(made);
    check_forms(p, *made, {});
    const auto all = many(300);
    REQUIRE(p.publish(as_edits(all)));
    stanza_edits gone;
    for (const auto& [name, one] : all) gone[name] = std::nullopt;
    const auto emptied = p.publish(gone);
    REQUIRE(emptied);
    check_forms(p, *emptied, {});
}

TEST_CASE("published index: whatever the edits and their order, it is the bytes of one that is made anew",
          "[pockets][publish]") {
    std::mt19937 random{11};
    publisher p;
    stanzas all = many(2000);
    REQUIRE(p.publish(as_edits(all)));
    for (int round = 0; round < 60; ++round) {
        stanza_edits edits;
        for (int i = 0, n = static_cast<int>(random() % 12); i <= n; ++i) {
            const auto name = "package-" + std::to_string(random() % 100'003);
            const auto known = all.lower_bound(name);
            // Of a size that moves boundaries, and now and then one larger than any chunk.
            const auto filling = random() % 20 == 0 ? 300'000 : random() % 2000;
            if (known != all.end() && random() % 2 == 0)
                edits[known->first] = random() % 2 == 0
                                          ? std::nullopt
                                          : std::optional{stanza(known->first, "2." + std::to_string(round), filling)};
            else
                edits[name] = stanza(name, "1." + std::to_string(round), filling);
        }
        for (const auto& [name, one] : edits)
            if (one)
                all[name] = *one;
            else
                all.erase(name);
        const auto made = p.publish(edits);
        REQUIRE(made);
        publisher anew;
        const auto whole = anew.publish(as_edits(all));
        REQUIRE(whole);
        REQUIRE(made->list.content == whole->list.content);
        REQUIRE(made->gzip.content == whole->gzip.content);
        REQUIRE(made->zstd.content == whole->zstd.content);
        if (round % 20 == 0) check_forms(p, *made, all);
    }
}

TEST_CASE("published index: a change writes the chunks that it is in, and no others", "[pockets][publish]") {
    publisher p;
    const auto all = many(5000);
    REQUIRE(p.publish(as_edits(all)));
    const auto first = p.written;
    const auto name = std::next(all.begin(), 2500)->first;
    REQUIRE(p.publish({{name, stanza(name, "1.1")}}));
    CHECK(p.written < first / 8);
    SECTION("one that says what is there writes its list only") {
        const auto before = p.last().list;
        REQUIRE(p.publish({{name, stanza(name, "1.1")}}));
        CHECK(p.written < first / 50);
        CHECK(p.last().list.content == before.content);
    }
    SECTION("one that goes back finds its chunk in the state before") {
        publisher old;
        REQUIRE(p.publish({{name, stanza(name, "1.2")}}));
        index::known_chunks known;
        index::add_chunks(known, p.last().object, p.last().list);
        p.forget();
        REQUIRE(p.publish(as_edits([&] {
                              auto now = all;
                              now[name] = stanza(name, "1.2");
                              return now;
                          }()),
                          known));
        CHECK(p.written < first / 50);
    }
}

TEST_CASE("published index: stanzas are found by name, in the chunks that have them", "[pockets][publish]") {
    publisher p;
    auto all = many(3000);
    REQUIRE(p.publish(as_edits(all)));
    const auto first = all.begin()->first, middle = std::next(all.begin(), 1500)->first, last = all.rbegin()->first;
    const auto found = find_stanzas(p.last(), {first, middle, last, "aaa", "package-x", "zzz"}, p.open);
    REQUIRE(found);
    CHECK(*found == stanzas{{first, all[first]}, {middle, all[middle]}, {last, all[last]}});
}

TEST_CASE("published index: of translations there may be several of a package, sorted as the packages are",
          "[pockets][publish]") {
    publisher p;
    const auto translation = [](const std::string& package, char digit) {
        return "Package: " + package + "\nDescription-md5: " + std::string(32, digit) +
               "\nDescription-en: a thing\n of " + digit + "\n";
    };
    const auto name = [](const std::string& package, char digit) {
        return translation_name(package, std::string(32, digit));
    };
    const auto one = translation("nova", '1'), two = translation("nova", '2'), other = translation("nova-api", '1'),
               longer = translation("nova2", '1');
    REQUIRE(p.publish({{name("nova2", '1'), longer}, {name("nova", '2'), two}, {name("nova-api", '1'), other}}));
    REQUIRE(p.publish({{name("nova", '1'), one}}));
    CHECK(unpacked(p.text(form::gzip), index::compression::gz) ==
          one + "\n" + two + "\n" + other + "\n" + longer + "\n");
    CHECK(find_stanzas(p.last(), {name("nova", '2'), name("nova", '3')}, p.open).value() ==
          stanzas{{name("nova", '2'), two}});
    REQUIRE(p.publish({{name("nova", '2'), std::nullopt}}));
    CHECK(unpacked(p.text(form::gzip), index::compression::gz) == one + "\n" + other + "\n" + longer + "\n");
    CHECK_FALSE(p.publish({{"nova", one}}));
}

TEST_CASE("published index: a stanza that would break it is refused, and said why", "[pockets][publish]") {
    publisher p;
    const auto why = [&](const std::string& name, const std::string& text) {
        const auto made = p.publish({{name, text}});
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == errc::malformed);
        return made.error().detail();
    };
    CHECK(why("a", "Package: b\nVersion: 1\n").find("stanza of a") != std::string::npos);
    CHECK(why("a", "Package: a\n\nPackage: b\n").find("no empty line") != std::string::npos);
    CHECK(why("a", "Package: a\nVersion: 1").find("newline") != std::string::npos);
    CHECK(why("a b", "Package: a b\n").find("'a b' cannot be the name") != std::string::npos);
}

TEST_CASE("published index: a damaged chunk is not published again", "[pockets][publish]") {
    publisher p;
    const auto all = many(500);
    REQUIRE(p.publish(as_edits(all)));
    const auto hex = p.last().object.hex();
    const auto path = p.folder() + "/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
    auto bytes = read_file(path, 1U << 30).value();
    bytes[p.last().list.chunks[0].offset + 40] ^= 1;
    REQUIRE(replace_file(path, bytes, 0644));
    const auto made = p.publish({{"zzz", stanza("zzz", "1")}});
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == errc::digest_mismatch);
}

TEST_CASE("published index: an .xz is one stream with a block for each chunk, and unpacks to the index",
          "[pockets][publish]") {
    publisher p;
    auto all = many(3000);
    auto made = p.publish(as_edits(all), {}, with_xz::yes).value();
    REQUIRE(made.list.chunks.size() > 3);
    const auto check = [&] {
        const auto xz = p.text(form::xz);
        REQUIRE(made.xz);
        CHECK(made.xz->content == sha256(xz));
        CHECK(made.xz->size == xz.size());
        CHECK(unpacked(xz, index::compression::xz) == text_of(all));
        check_forms(p, made, all);
    };
    check();
    all["package-x"] = stanza("package-x", "2.0");
    made = p.publish({{"package-x", all["package-x"]}}, {}, with_xz::yes).value();
    check();
    CHECK(p.written < 400'000);
}

TEST_CASE("published index: the .xz comes and goes with the wish for it, and changes nothing else",
          "[pockets][publish]") {
    publisher p;
    const auto all = many(1000);
    const auto without = p.publish(as_edits(all)).value();
    CHECK_FALSE(without.xz);
    const auto with = p.publish({}, {}, with_xz::yes).value();
    REQUIRE(with.xz);
    CHECK(with.list.content == without.list.content);
    CHECK(with.gzip.content == without.gzip.content);
    CHECK(with.zstd.content == without.zstd.content);
    CHECK(unpacked(p.text(form::xz), index::compression::xz) == text_of(all));
    const auto again = p.publish({}).value();
    CHECK_FALSE(again.xz);
    CHECK(again.list.chunks.front().xz == 0);
    CHECK(again.zstd.content == without.zstd.content);
}

TEST_CASE("published index: an empty one has an .xz that unpacks to nothing", "[pockets][publish]") {
    publisher p;
    const auto made = p.publish({}, {}, with_xz::yes).value();
    REQUIRE(made.xz);
    const auto xz = p.text(form::xz);
    CHECK(made.xz->content == sha256(xz));
    CHECK(unpacked(xz, index::compression::xz).empty());
}

TEST_CASE("published index: its hashes are right wherever it changes", "[pockets][publish]") {
    publisher p;
    auto all = many(20'000);
    auto made = p.publish(as_edits(all)).value();
    REQUIRE(made.list.chunks.size() > 40);
    const auto right = [&] {
        const auto gzip = p.text(form::gzip), zstd = p.text(form::zstd);
        return made.list.content == sha256(text_of(all)) && made.gzip.content == sha256(gzip) &&
               made.gzip.size == gzip.size() && made.zstd.content == sha256(zstd) && made.zstd.size == zstd.size();
    };
    CHECK(right());
    std::vector<std::string> names;
    for (const auto& [name, stanza] : all) names.push_back(name);
    for (const auto at : {names.size() - 1, std::size_t{0}, names.size() / 2, names.size() / 2, names.size() / 3}) {
        auto& stanza = all[names[at]];
        stanza += "Changed: " + std::to_string(stanza.size()) + "\n";
        made = p.publish({{names[at], stanza}}).value();
        CHECK(right());
    }
    made = p.publish({{names[names.size() / 4], std::nullopt}}).value();
    all.erase(names[names.size() / 4]);
    CHECK(right());
}

TEST_CASE("published index: chunks are read by their places", "[pockets][publish]") {
    publisher p;
    const auto all = many(1000);
    REQUIRE(p.publish(as_edits(all)));
    std::vector<std::size_t> every;
    for (std::size_t i = 0; i < p.last().list.chunks.size(); ++i) every.push_back(i);
    REQUIRE(every.size() > 1);
    std::vector<std::string> texts(every.size());
    REQUIRE(read_chunks(p.last(), every, p.open, [&](std::size_t place, std::string_view chunk) -> result<void> {
        texts[place] = std::string{chunk};
        return {};
    }));
    std::string text;
    for (const auto place : every) {
        CHECK(sha256(texts[place]) == p.last().list.chunks[place].content);
        text += texts[place];
    }
    CHECK(text == text_of(all));
}

namespace {

std::string lines(std::size_t count, std::size_t without = 0) {
    std::string text;
    for (std::size_t i = 1; i <= count; ++i)
        if (i != without) text += "usr/share/doc/package-" + std::to_string(i * 7919) + "/copyright misc/package\n";
    return text;
}

}  // namespace

TEST_CASE("published index: a file of lines is those, and shares its chunks with one that lacks a line",
          "[pockets][publish]") {
    publisher p;
    const auto all = lines(40'000);
    const auto made = p.publish_text(all).value();
    const auto first = p.written;
    REQUIRE(made.list.chunks.size() > 10);
    CHECK(made.list.content == sha256(all));
    CHECK(unpacked(p.text(form::gzip), index::compression::gz) == all);
    CHECK(unpacked(p.text(form::zstd), index::compression::zst) == all);
    CHECK(made.gzip.content == sha256(p.text(form::gzip)));
    const auto less = p.publish_text(lines(40'000, 20'000)).value();
    CHECK(unpacked(p.text(form::gzip), index::compression::gz) == lines(40'000, 20'000));
    CHECK(p.written * 4 < first);
    p.forget();
    const auto anew = p.publish_text(lines(40'000, 20'000), 7).value();
    CHECK(anew.gzip.content == less.gzip.content);
    CHECK(anew.zstd.content == less.zstd.content);
}

TEST_CASE("published index: a file of no lines has forms that unpack to nothing, and a long line is one chunk",
          "[pockets][publish]") {
    publisher p;
    REQUIRE(p.publish_text({}));
    CHECK(unpacked(p.text(form::gzip), index::compression::gz).empty());
    const auto text = "a\n" + std::string(400'000, 'b') + "\nc\nno newline";
    REQUIRE(p.publish_text(text));
    CHECK(unpacked(p.text(form::zstd), index::compression::zst) == text);
}
