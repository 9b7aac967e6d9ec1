#include "lmdb_env.hpp"
#include "scratch_folder.hpp"
#include <atomic>
#include <catch2/catch.hpp>
#include <larder/store/store.hpp>
#include <thread>

using namespace larder;
using larder::store::claim;

namespace {

constexpr sys_seconds noon{std::chrono::seconds{1'790'000'000}};

struct a_store {
    test::scratch_folder folder{test::on::memory};
    std::unique_ptr<store::store> s = store::open(folder / "s").value();
    store::catalogue& known = s->known();

    void reopen() {
        s.reset();
        s = store::open(folder / "s").value();
    }
};

claim a_claim(const std::string& path, const std::string& bytes) { return {path, sha256(bytes), bytes.size()}; }

std::vector<claim> many_claims(int count, const std::string& salt) {
    std::vector<claim> all;
    for (int i = 0; i < count; ++i) {
        const auto n = std::to_string(i);
        all.push_back(a_claim("pool/main/p/package-" + n + "/package_" + n + ".deb", salt + n));
    }
    return all;
}

}  // namespace

TEST_CASE("catalogue: what was never learnt is empty, not an error") {
    a_store t;
    CHECK_FALSE(t.known.knows_index("debian", sha256("i")).value());
    CHECK(t.known.find("debian", "pool/a").value().empty());
    CHECK(t.known.origins(sha256("a")).value().empty());
    CHECK_FALSE(t.known.last_use(sha256("a")).value());
    CHECK_FALSE(t.known.get_note("a").value());
}

TEST_CASE("catalogue: a learnt claim is found by its path and by its content, also after a restart") {
    a_store t;
    REQUIRE(t.known.learn("debian", sha256("i"), {a_claim("pool/b", "bee"), a_claim("pool/a", "ay")}));
    t.reopen();
    auto& known = t.s->known();
    CHECK(known.knows_index("debian", sha256("i")).value());
    CHECK_FALSE(known.knows_index("ubuntu", sha256("i")).value());
    const auto found = known.find("debian", "pool/b").value();
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "pool/b");
    CHECK(found[0].content == sha256("bee"));
    CHECK(found[0].size == 3);
    CHECK(known.find("ubuntu", "pool/b").value().empty());
    const auto from = known.origins(sha256("ay")).value();
    REQUIRE(from.size() == 1);
    CHECK(from[0].archive == "debian");
    CHECK(from[0].path == "pool/a");
    CHECK(from[0].size == 2);
}

TEST_CASE("catalogue: one content in two archives has two origins") {
    a_store t;
    REQUIRE(t.known.learn("debian", sha256("i"), {a_claim("pool/a", "x")}));
    REQUIRE(t.known.learn("ubuntu", sha256("j"), {a_claim("pool/z", "x")}));
    const auto from = t.known.origins(sha256("x")).value();
    REQUIRE(from.size() == 2);
    CHECK(from[0].archive == "debian");
    CHECK(from[1].path == "pool/z");
}

TEST_CASE("catalogue: an index that is read late does not move where content is known from") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("1"), {a_claim("pool/now", "x")}));
    REQUIRE(t.known.learn("d", sha256("2"), {a_claim("pool/before", "x")}, store::claims_are::earlier));
    CHECK(t.known.origins(sha256("x")).value().at(0).path == "pool/now");
    REQUIRE(t.known.learn("d", sha256("3"), {a_claim("pool/next", "x")}));
    CHECK(t.known.origins(sha256("x")).value().at(0).path == "pool/next");
}

TEST_CASE("catalogue: of a path with several contents the latest learnt comes first, each once") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("1"), {a_claim("p", "old")}));
    REQUIRE(t.known.learn("d", sha256("2"), {a_claim("p", "new")}));
    auto found = t.known.find("d", "p").value();
    REQUIRE(found.size() == 2);
    CHECK(found[0].content == sha256("new"));
    // Upstream took it back.
    REQUIRE(t.known.learn("d", sha256("3"), {a_claim("p", "old")}));
    found = t.known.find("d", "p").value();
    REQUIRE(found.size() == 2);
    CHECK(found[0].content == sha256("old"));
    CHECK(found[1].content == sha256("new"));
}

TEST_CASE("catalogue: a path that changes all the time keeps its 16 latest contents") {
    a_store t;
    for (int i = 0; i < 40; ++i) {
        const auto n = std::to_string(i);
        REQUIRE(t.known.learn("d", sha256("index" + n), {a_claim("p", n)}));
    }
    const auto found = t.known.find("d", "p").value();
    REQUIRE(found.size() == 16);
    CHECK(found.front().content == sha256("39"));
    CHECK(found.back().content == sha256("24"));
}

TEST_CASE("catalogue: two contents of one path in one index are both found") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("1"), {a_claim("p", "one"), a_claim("p", "two")}));
    CHECK(t.known.find("d", "p").value().size() == 2);
}

TEST_CASE("catalogue: content with several paths has one origin, the same at each learning") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("1"), {a_claim("b", "x"), a_claim("a", "x")}));
    REQUIRE(t.known.learn("d", sha256("2"), {a_claim("a", "x"), a_claim("b", "x")}));
    const auto from = t.known.origins(sha256("x")).value();
    REQUIRE(from.size() == 1);
    CHECK(from[0].path == "a");
    // The path it has now, not the one that upstream gave up.
    REQUIRE(t.known.learn("d", sha256("3"), {a_claim("c", "x")}));
    CHECK(t.known.origins(sha256("x")).value()[0].path == "c");
}

TEST_CASE("catalogue: an unknown size stays unknown") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("1"), {{"p", sha256("x"), store::unknown_size}}));
    CHECK(t.known.find("d", "p").value()[0].size == store::unknown_size);
    CHECK(t.known.origins(sha256("x")).value()[0].size == store::unknown_size);
}

TEST_CASE("catalogue: an index without claims is known all the same") {
    a_store t;
    REQUIRE(t.known.learn("d", sha256("empty"), {}));
    CHECK(t.known.knows_index("d", sha256("empty")).value());
    CHECK(t.known.learn("", sha256("empty"), {}).error().code() == errc::malformed);
}

TEST_CASE("catalogue: look-ups go on, and see all of an index or nothing, while one is learnt") {
    a_store t;
    const auto claims = many_claims(20'000, "x");
    std::atomic<bool> done{false};
    std::atomic<int> half_seen{0};
    std::atomic<int> looked{0};
    std::thread reader{[&] {
        while (!done) {
            // The index is looked up first: if it is known, so is every claim of it.
            const bool known = t.known.knows_index("d", sha256("big")).value();
            const bool first = !t.known.find("d", claims.front().path).value().empty();
            const bool last = !t.known.origins(claims.back().content).value().empty();
            if (known && !(first && last)) ++half_seen;
            ++looked;
        }
    }};
    while (looked == 0) std::this_thread::yield();
    const bool learnt = t.known.learn("d", sha256("big"), claims).has_value();
    const int before = looked;
    while (looked < before + 2) std::this_thread::yield();
    done = true;
    reader.join();
    CHECK(learnt);
    CHECK(half_seen == 0);
}

TEST_CASE("catalogue: uses are remembered at once, and after a restart when they were flushed") {
    a_store t;
    t.known.used(sha256("a"), noon);
    CHECK(t.known.last_use(sha256("a")).value() == noon);
    REQUIRE(t.known.flush_uses());
    t.known.used(sha256("b"), noon);
    t.reopen();
    auto& known = t.s->known();
    CHECK(known.last_use(sha256("a")).value() == noon);
    CHECK_FALSE(known.last_use(sha256("b")).value());
    known.used(sha256("a"), noon + std::chrono::seconds{5});
    CHECK(known.last_use(sha256("a")).value() == noon + std::chrono::seconds{5});
    REQUIRE(known.forget_uses({sha256("a")}));
    CHECK_FALSE(known.last_use(sha256("a")).value());
    CHECK(known.flush_uses());
    CHECK_FALSE(known.last_use(sha256("a")).value());
}

TEST_CASE("catalogue: a use before 1970, from a broken clock, comes back as it was") {
    a_store t;
    const sys_seconds early{std::chrono::seconds{-5}};
    t.known.used(sha256("a"), early);
    REQUIRE(t.known.flush_uses());
    CHECK(t.known.last_use(sha256("a")).value() == early);
}

TEST_CASE("catalogue: notes are kept and replaced, within their limits") {
    a_store t;
    REQUIRE(t.known.put_note("hits", "12"));
    REQUIRE(t.known.put_note("hits", "13"));
    REQUIRE(t.known.put_note("empty", ""));
    t.reopen();
    CHECK(t.s->known().get_note("hits").value() == "13");
    CHECK(t.s->known().get_note("empty").value() == "");
    CHECK(t.s->known().put_note("", "x").error().code() == errc::malformed);
    CHECK(t.s->known().put_note(std::string(512, 'k'), "x").error().code() == errc::malformed);
    CHECK(t.s->known().put_note("big", std::string((1 << 20) + 1, 'x')).error().code() == errc::too_large);
}

TEST_CASE("catalogue: clear drops everything derived and leaves the refs") {
    a_store t;
    REQUIRE(t.s->refs().change({{"r", 0, "x"}}));
    REQUIRE(t.known.learn("d", sha256("1"), {a_claim("p", "x")}));
    REQUIRE(t.known.put_note("n", "x"));
    t.known.used(sha256("x"), noon);
    REQUIRE(t.known.clear());
    CHECK_FALSE(t.known.knows_index("d", sha256("1")).value());
    CHECK(t.known.find("d", "p").value().empty());
    CHECK(t.known.origins(sha256("x")).value().empty());
    CHECK_FALSE(t.known.get_note("n").value());
    CHECK_FALSE(t.known.last_use(sha256("x")).value());
    CHECK(t.s->refs().get("r").value()->value == "x");
    REQUIRE(t.known.learn("other", sha256("1"), {a_claim("q", "y")}));
    CHECK(t.known.find("d", "q").value().empty());
    CHECK(t.known.find("other", "q").value().size() == 1);
}
