#include "lmdb_env.hpp"
#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <larder/store/store.hpp>
#include <thread>

using namespace larder;

namespace {

using strings = std::vector<std::string>;

/// What a list says now; nothing when it, or a chunk of it, is not here.
std::optional<strings> read(const store::list_store& lists, const std::string& name) {
    const auto chunks = lists.find(sha256(name)).value();
    if (!chunks) return {};
    strings all;
    const auto how = lists.read(*chunks, [&](std::string_view one) -> result<void> {
        all.emplace_back(one);
        return {};
    });
    if (!how) return {};
    return all;
}

bool has_chunk(const store::list_store& lists, const std::string& chunk) {
    return lists.read({sha256(chunk)}, [](std::string_view) -> result<void> { return {}; }).has_value();
}

result<void> put(store::list_store& lists, const std::string& name, const strings& chunks) {
    return lists.put(sha256(name), sha256("from " + name), chunks);
}

}  // namespace

TEST_CASE("lists: a chunk that is not what its name says is replaced when its list is put again", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    REQUIRE(put(store::open(folder / "s").value()->lists(), "one", {"a", "b"}));
    {
        auto env = store::lmdb_env::open(folder / "s/db").value();
        REQUIRE(env->write([](store::write_txn& txn) -> result<void> {
            txn.put(store::table::chunks, sha256("b").as_bytes(), "damaged");
            return {};
        }));
    }
    auto s = store::open(folder / "s").value();
    CHECK(read(s->lists(), "one") == strings{"a", "damaged"});
    REQUIRE(put(s->lists(), "one", {"a", "b"}));
    CHECK(read(s->lists(), "one") == strings{"a", "b"});
}

TEST_CASE("lists: a list is there with its chunks in their order, after a restart too", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    const std::string large(100'000, 'x');
    {
        auto s = store::open(folder / "s").value();
        CHECK_FALSE(s->lists().find(sha256("one")).value());
        REQUIRE(put(s->lists(), "one", {"b", "a", large, "b"}));
        REQUIRE(put(s->lists(), "none", {}));
    }
    auto s = store::open(folder / "s").value();
    CHECK(read(s->lists(), "one") == strings{"b", "a", large, "b"});
    CHECK(read(s->lists(), "none") == strings{});
    REQUIRE(put(s->lists(), "one", {"c"}));
    CHECK(read(s->lists(), "one") == strings{"c"});
}

TEST_CASE("lists: what is dropped takes along its chunks, and leaves what others have", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(put(s->lists(), "one", {"a", "b"}));
    REQUIRE(put(s->lists(), "two", {"b", "c"}));
    REQUIRE(put(s->lists(), "three", {"d"}));
    std::vector<std::pair<digest, digest>> seen;
    REQUIRE(s->lists().each([&](const digest& list, const digest& from) { seen.emplace_back(list, from); }));
    CHECK(seen.size() == 3);
    CHECK(std::count(seen.begin(), seen.end(), std::pair{sha256("two"), sha256("from two")}) == 1);
    REQUIRE(s->lists().drop({sha256("one"), sha256("three"), sha256("nobody")}));
    CHECK_FALSE(s->lists().find(sha256("one")).value());
    CHECK(read(s->lists(), "two") == strings{"b", "c"});
    CHECK_FALSE(has_chunk(s->lists(), "a"));
    CHECK_FALSE(has_chunk(s->lists(), "d"));
    REQUIRE(put(s->lists(), "one", {"a", "b"}));
    CHECK(read(s->lists(), "one") == strings{"a", "b"});
}

TEST_CASE("lists: a chunk that is not here is said so, and an error of the reader is handed on", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(put(s->lists(), "one", {"a", "b"}));
    std::size_t taken = 0;
    const auto take = [&](std::string_view) -> result<void> {
        ++taken;
        return {};
    };
    CHECK(s->lists().read({sha256("a"), sha256("x")}, take).error().code() == errc::absent);
    const auto refuse = [](std::string_view) -> result<void> { return error{errc::malformed, "not so"}; };
    CHECK(s->lists().read({sha256("a")}, refuse).error().code() == errc::malformed);
}

TEST_CASE("lists: they are derived: cleared with the rest", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(put(s->lists(), "one", {"a"}));
    REQUIRE(s->known().clear());
    CHECK_FALSE(s->lists().find(sha256("one")).value());
    CHECK_FALSE(has_chunk(s->lists(), "a"));
}

TEST_CASE("lists: whoever makes, reads and drops one at the same time finds all of it or nothing", "[lists]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    strings chunks;
    for (int i = 0; i < 50; ++i) chunks.push_back("chunk " + std::to_string(i));
    std::vector<std::thread> all;
    for (int t = 0; t < 2; ++t)
        all.emplace_back([&] {
            for (int i = 0; i < 100; ++i) static_cast<void>(put(s->lists(), "one", chunks));
        });
    all.emplace_back([&] {
        for (int i = 0; i < 100; ++i) static_cast<void>(s->lists().drop({sha256("one")}));
    });
    bool torn = false;
    for (int i = 0; i < 500; ++i)
        if (const auto now = read(s->lists(), "one"); now && *now != chunks) torn = true;
    for (auto& t : all) t.join();
    CHECK_FALSE(torn);
    REQUIRE(put(s->lists(), "one", chunks));
    CHECK(read(s->lists(), "one") == chunks);
}
