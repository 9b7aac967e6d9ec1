#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <larder/store/store.hpp>

using namespace larder;
using larder::store::held_object;

namespace {

held_object one(const std::string& name) { return {sha256(name), name.size(), "debian", "pool/main/" + name + ".deb"}; }

std::vector<std::string> held(const store::hold_store& holds, const std::string& holder) {
    std::vector<std::string> all;
    REQUIRE(holds.each(holder, [&](std::string_view who, const held_object& what) {
        all.push_back(std::string{who} + " " + what.archive + " " + what.path + " " + std::to_string(what.size));
    }));
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

TEST_CASE("holds: what is held is told with where it was had from, and survives a restart", "[holds]") {
    const test::scratch_folder folder{test::on::memory};
    {
        auto s = store::open(folder / "s").value();
        REQUIRE(s->holds().add("web", {one("a"), one("bb")}));
        REQUIRE(s->holds().add("web-2", {one("a")}));
    }
    auto s = store::open(folder / "s").value();
    CHECK(held(s->holds(), "web") ==
          std::vector<std::string>{"web debian pool/main/a.deb 1", "web debian pool/main/bb.deb 2"});
    CHECK(held(s->holds(), "").size() == 3);
    CHECK(s->holds().holds("web", sha256("bb")).value());
    CHECK_FALSE(s->holds().holds("web-2", sha256("bb")).value());
    CHECK_FALSE(s->holds().holds("other", sha256("a")).value());
}

TEST_CASE("holds: what is held already stays as it is", "[holds]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->holds().add("web", {one("a")}));
    auto other = one("a");
    other.path = "elsewhere";
    REQUIRE(s->holds().add("web", {other, other}));
    CHECK(held(s->holds(), "web") == std::vector<std::string>{"web debian pool/main/a.deb 1"});
}

TEST_CASE("holds: who lets go lets go of all, and of nobody else's", "[holds]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->holds().add("web", {one("a"), one("b")}));
    REQUIRE(s->holds().add("web2", {one("a")}));
    REQUIRE(s->holds().drop("web"));
    CHECK(held(s->holds(), "web").empty());
    CHECK(held(s->holds(), "web2").size() == 1);
    CHECK(s->holds().drop("nobody"));
}

TEST_CASE("holds: a rebuild of the derived tables leaves them alone", "[holds]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    REQUIRE(s->holds().add("web", {one("a")}));
    REQUIRE(s->known().clear());
    CHECK(held(s->holds(), "web").size() == 1);
}

TEST_CASE("holds: a name that could be part of another is refused", "[holds]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    for (const auto& name : {std::string{}, std::string{"a/b"}, std::string(201, 'a')})
        CHECK(s->holds().add(name, {one("a")}).error().code() == errc::malformed);
}
