#include "scratch_folder.hpp"
#include <atomic>
#include <catch2/catch.hpp>
#include <larder/store/store.hpp>
#include <thread>

using namespace larder;
using larder::store::ref_change;

TEST_CASE("refs: a ref that was never set is nothing, not an error") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    CHECK_FALSE(s->refs().get("a/b").value());
    CHECK(s->refs().list("").value().empty());
}

TEST_CASE("refs: versions count the changes, and survive a restart") {
    const test::scratch_folder folder{test::on::memory};
    {
        auto s = store::open(folder / "s").value();
        REQUIRE(s->refs().change({{"a", 0, "one"}}));
        REQUIRE(s->refs().change({{"a", 1, "two"}}));
    }
    auto s = store::open(folder / "s").value();
    const auto a = s->refs().get("a").value().value();
    CHECK(a.version == 2);
    CHECK(a.value == "two");
    REQUIRE(s->refs().change({{"a", 2, std::nullopt}}));
    CHECK_FALSE(s->refs().get("a").value());
}

TEST_CASE("refs: a change at the wrong version is a conflict that names the ref") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->refs().change({{"a", 0, "one"}}));
    const auto expected = GENERATE(0U, 2U, 99U);
    const auto r = s->refs().change({{"a", expected, "x"}});
    CHECK(r.error().code() == errc::conflict);
    CHECK(r.error().detail().find("ref a ") != std::string::npos);
    CHECK(s->refs().change({{"none", 1, std::nullopt}}).error().code() == errc::conflict);
    CHECK(s->refs().get("a").value()->value == "one");
}

TEST_CASE("refs: several changes happen all or not at all") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->refs().change({{"a", 0, "one"}, {"b", 0, "one"}}));
    CHECK_FALSE(s->refs().change({{"a", 1, "two"}, {"c", 0, "new"}, {"b", 7, "two"}}));
    CHECK(s->refs().get("a").value()->value == "one");
    CHECK_FALSE(s->refs().get("c").value());
    CHECK(s->refs().change({{"a", 1, "two"}, {"c", 0, "new"}, {"b", 1, std::nullopt}}));
    CHECK(s->refs().get("a").value()->version == 2);
    CHECK_FALSE(s->refs().get("b").value());
}

TEST_CASE("refs: list gives what starts with the prefix, by name") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->refs().change({{"p/b", 0, "2"}, {"p/a", 0, "1"}, {"o", 0, "x"}, {"p0", 0, "x"}, {"p", 0, "x"}}));
    const auto found = s->refs().list("p/").value();
    REQUIRE(found.size() == 2);
    CHECK(found[0].first == "p/a");
    CHECK(found[0].second.value == "1");
    CHECK(found[1].first == "p/b");
    CHECK(s->refs().list("").value().size() == 5);
    CHECK(s->refs().list("q").value().empty());
    CHECK(s->refs().list(std::string(600, 'p')).value().empty());
}

TEST_CASE("refs: names and values have their limits") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    for (const std::string& name : {std::string{}, std::string{"a b"}, std::string{"a\nb"}, std::string{"\xc3\xa4"},
                                    std::string(401, 'a'), std::string{"a\0b", 3}}) {
        CHECK(s->refs().change({{name, 0, "x"}}).error().code() == errc::malformed);
        CHECK(s->refs().get(name).error().code() == errc::malformed);
    }
    CHECK(s->refs().change({{std::string(400, 'a'), 0, "x"}}));
    CHECK(s->refs().change({{"big", 0, std::string(64 << 10, 'x')}}));
    CHECK(s->refs().get("big").value()->value.size() == 64 << 10);
    CHECK(s->refs().change({{"bigger", 0, std::string((64 << 10) + 1, 'x')}}).error().code() == errc::too_large);
}

TEST_CASE("refs: of many threads that swing one ref exactly one wins each version") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    constexpr int threads = 8;
    constexpr std::uint64_t rounds = 10;
    std::atomic<int> won{0};
    std::atomic<int> lost{0};
    std::atomic<int> broken{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            for (std::uint64_t version = 0; version < rounds; ++version) {
                const auto r = s->refs().change({{"r", version, std::to_string(t)}});
                if (r)
                    ++won;
                else
                    ++(r.error().code() == errc::conflict ? lost : broken);
                // Nobody goes on before this version is decided.
                while (true) {
                    const auto now = s->refs().get("r");
                    if (now && *now && (*now)->version > version) break;
                }
            }
        });
    }
    for (auto& t : all) t.join();
    CHECK(won == rounds);
    CHECK(lost == (threads - 1) * static_cast<int>(rounds));
    CHECK(broken == 0);
    CHECK(s->refs().get("r").value()->version == rounds);
}
