#include <catch2/catch.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/package_list.hpp>
#include <map>
#include <random>
#include <set>

using namespace larder;
using namespace larder::index;

namespace {

using listing = std::vector<listed_package>;

listed_package one(const std::string& name, const std::string& version, const std::string& architecture = "amd64",
                   const std::string& more = "") {
    listed_package p{name, version, architecture, name, "pool/main/" + name + "_" + version + ".deb"};
    p.content = sha256(name + version + more);
    p.size = name.size();
    p.stanza = digest_hash{}(sha256(name + version + architecture + more));
    return p;
}

std::string text_of(const listed_package& p) {
    return p.name + " " + p.version + " " + p.architecture + " " + p.source + " " + p.path + " " + p.content.hex() +
           " " + std::to_string(p.size) + " " + std::to_string(p.stanza);
}

std::vector<std::string> texts(const listing& all) {
    std::vector<std::string> lines;
    for (const auto& p : all) lines.push_back(text_of(p));
    return lines;
}

listing unpacked(const std::string& packed) {
    listing all;
    REQUIRE(unpack(packed, [&](const listed_package& p) { all.push_back(p); }));
    return all;
}

/// Packed chunks by their names, and how many of them were handed over whole.
struct shelf {
    std::map<digest, std::string> chunks;
    std::size_t asked = 0;

    digest put(std::string packed) {
        const auto name = sha256(packed);
        chunks.emplace(name, std::move(packed));
        return name;
    }
    chunk_reader reader() {
        return [this](const auto& names, const auto& take) -> result<void> {
            for (const auto& name : names) {
                ++asked;
                LARDER_CHECK(take(chunks.at(name)));
            }
            return {};
        };
    }
};

std::vector<std::string> told(const std::vector<package_change>& changes) {
    std::vector<std::string> lines;
    for (const auto& c : changes)
        lines.push_back(std::string{to_string(c.what)} + " " + c.name + ":" + c.architecture + " " + c.before + ">" +
                        c.after + " " + c.source + " " + c.content.hex() + " " + std::to_string(c.size));
    return lines;
}

/// A state as indices, each of which is cut into chunks of some packages.
using state = std::vector<std::vector<listing>>;

std::vector<digest> shelve(shelf& on, const state& of) {
    std::vector<digest> names;
    for (const auto& index : of)
        for (const auto& chunk : index)
            if (!chunk.empty()) names.push_back(on.put(pack(chunk)));
    return names;
}

listing flat(const state& of) {
    listing all;
    for (const auto& index : of)
        for (const auto& chunk : index) all.insert(all.end(), chunk.begin(), chunk.end());
    return all;
}

class mutations {
public:
    explicit mutations(unsigned seed) : random_{seed} {}

    state first() {
        state s(1 + below(3));
        for (auto& index : s) {
            index.resize(1 + below(6));
            for (auto& chunk : index)
                for (auto n = below(5); n > 0; --n) chunk.push_back(any());
        }
        return s;
    }

    /// Another one with a few steps between.
    state next(state s) {
        for (auto n = below(6); n > 0; --n) step(s);
        return s;
    }

private:
    std::size_t below(std::size_t n) { return random_() % n; }
    /// Few names, versions and variants: they meet again in every way.
    listed_package any() {
        static const std::vector<std::string> versions{"1.9", "1.10", "1.10-0", "1:1"}, of{"amd64", "arm64", "all"};
        auto p = one(std::string(1, static_cast<char>('a' + below(8))), versions[below(versions.size())],
                     of[below(of.size())], below(3) == 0 ? "other" : "");
        return p;
    }
    listing& chunk_of(state& s) {
        auto& index = s[below(s.size())];
        return index[below(index.size())];
    }
    void step(state& s) {
        auto &from = chunk_of(s), &to = chunk_of(s);
        switch (below(5)) {
            case 0: to.push_back(any()); break;
            case 1:
                if (!from.empty()) from.erase(from.begin() + static_cast<std::ptrdiff_t>(below(from.size())));
                break;
            case 2:
                if (!from.empty()) from[below(from.size())] = any();
                break;
            case 3:  // to another chunk, or index
                if (!from.empty()) {
                    to.push_back(from.back());
                    from.pop_back();
                }
                break;
            default: to = from;  // the same chunk in two places
        }
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("package list: what is packed is there again, every field of it", "[index]") {
    auto bare = one("zlib", "1");
    bare.path.clear();
    bare.source = "other";
    bare.content = no_usable_hash;
    bare.size = ~std::uint64_t{0};
    const listing all{one("alpha", "1.0"), one("alpha", "2.0", "all"), bare, one("al", "")};
    const auto packed = pack(all);
    CHECK(texts(unpacked(packed)) == texts(all));
    const auto range = names_in(packed).value();
    CHECK(range.first == "al");
    CHECK(range.last == "zlib");
    CHECK(unpacked(pack({})).empty());
}

TEST_CASE("package list: what was cut short, or is of another format, is not read", "[index]") {
    const auto packed = pack({one("alpha", "1.0"), one("beta", "2.0")});
    const auto nothing = [](const listed_package&) {};
    for (std::size_t n = 0; n < packed.size(); ++n) CHECK_FALSE(unpack(std::string_view{packed}.substr(0, n), nothing));
    CHECK_FALSE(unpack(packed + "x", nothing));
    auto other = packed;
    ++other[0];
    CHECK(unpack(other, nothing).error().code() == errc::malformed);
    CHECK(names_in(other).error().code() == errc::malformed);
    std::mt19937 random{1};
    for (int i = 0; i < 2000; ++i) {  // whatever it says, no memory that is not ours
        auto odd = packed;
        odd[1 + random() % (odd.size() - 1)] = static_cast<char>(random());
        static_cast<void>(unpack(odd, nothing));
    }
}

TEST_CASE("package list: the bytes are the ones that were stored", "[index]") {
    // A golden value: other bytes under the same format's number would be taken for the same list.
    CHECK(sha256(pack({one("alpha", "1.0"), one("alpha-doc", "1.0", "all")})).hex() ==
          "a082e4c7319696361ee6556f3bb99acdc688fadd71db97b4eccfca59f7ed12d3");
}

TEST_CASE("package list: a stanza is the same however many empty lines are around it", "[index]") {
    const std::string alpha = "Package: alpha\nVersion: 1\n", beta = "Package: beta\nVersion: 1\n";
    std::set<std::string> seen;
    for (const auto& text : {alpha + "\n" + beta + "\n", alpha + "\n\n" + beta, "\n" + alpha + "\n\n\n" + beta + "\n\n",
                             alpha + "\nPackage: beta\nVersion: 1"}) {
        std::string hashes;
        const auto in = memory_source(text, 7);
        REQUIRE(read_packages(index_kind::packages, *in,
                              [&](listed_package&& p) { hashes += std::to_string(p.stanza) + " "; }));
        seen.insert(hashes);
    }
    CHECK(seen.size() == 1);
}

TEST_CASE("package list: chunk by chunk an index lists the same as in one", "[index]") {
    std::string text = "Version: 1\n\n\n\n";
    for (int i = 0; i < 3000; ++i)
        text += "Package: p" + std::to_string(i) + "\nVersion: 1." + std::to_string(i % 7) +
                "\nArchitecture: amd64\nFilename: pool/p\nSize: 7\nSHA256: " + sha256(std::to_string(i)).hex() +
                "\nDescription: " + std::string(static_cast<std::size_t>(i % 300), 'x') +
                (i % 50 == 0 ? "\n\n\n" : "\n\n");
    text += "Package: last\nVersion: 1";
    listing whole, parts;
    const auto in = memory_source(text);
    REQUIRE(read_packages(index_kind::packages, *in, [&](listed_package&& p) { whole.push_back(std::move(p)); }));
    std::size_t chunks = 0;
    const auto again = memory_source(text, 1000);
    REQUIRE(pack_index(index_kind::packages, *again, [&](std::string&& packed) {
        ++chunks;
        for (auto& p : unpacked(packed)) parts.push_back(std::move(p));
    }));
    CHECK(whole.size() == 3001);
    CHECK(texts(parts) == texts(whole));
    CHECK(chunks > 5);
    const auto none = memory_source("Version: 1\n\n");
    REQUIRE(pack_index(index_kind::packages, *none, [](std::string&&) { FAIL("a chunk without a package"); }));
    const auto other = memory_source(text);
    CHECK(pack_index(index_kind::sha256sums, *other, [](std::string&&) {}).error().code() == errc::unsupported);
}

TEST_CASE("package list: chunks are compared as all of their packages are", "[index]") {
    std::size_t with_changes = 0;
    for (unsigned seed = 0; seed < 5000; ++seed) {
        mutations random{seed};
        const auto before = random.first();
        const auto after = seed % 10 == 0 ? random.first() : random.next(before);
        shelf on;
        const auto old = shelve(on, before), now = shelve(on, after);
        const auto expected = told(compare(flat(before), flat(after)));
        CAPTURE(seed);
        REQUIRE(told(compare_chunks(old, now, on.reader()).value()) == expected);
        with_changes += !expected.empty();
    }
    CHECK(with_changes > 2000);
}

TEST_CASE("package list: of what both sides have nothing is unpacked but where a package that differs could be",
          "[index]") {
    shelf on;
    std::vector<digest> before, after;
    for (char c = 'a'; c <= 'z'; ++c) {
        const std::string name(1, c);
        before.push_back(on.put(pack({one(name + "1", "1"), one(name + "9", "1")})));
        after.push_back(before.back());
    }
    after[5] = on.put(pack({one("f1", "2"), one("f9", "1")}));
    // One that is broken at its end: whoever unpacks it is told.
    auto broken = pack({one("q0", "1"), one("q1", "0")});
    broken.pop_back();
    before.push_back(on.put(broken));
    after.push_back(before.back());
    const auto changes = compare_chunks(before, after, on.reader());
    REQUIRE(changes);
    REQUIRE(changes->size() == 1);
    CHECK(told(*changes)[0].starts_with("upgraded f1:amd64 1>2"));
    after[16] = on.put(pack({one("q1", "2"), one("q9", "1")}));
    CHECK(compare_chunks(before, after, on.reader()).error().code() == errc::malformed);
    on.asked = 0;
    CHECK(compare_chunks(before, before, on.reader()).value().empty());
    CHECK(on.asked == 0);
}

TEST_CASE("compare: the order of what it is given does not matter, not even where a version's stanzas differ",
          "[index]") {
    const listing two{one("a", "1", "all"), one("a", "1", "all", "other")};
    const listing turned{two[1], two[0], two[1]};
    CHECK(compare(two, turned).empty());
    CHECK(told(compare({two[0]}, two)).size() == 1);
    CHECK(told(compare({two[1]}, two)).size() == 1);
    CHECK(told(compare(two, {one("a", "2", "all")})) == told(compare(turned, {one("a", "2", "all")})));
}
