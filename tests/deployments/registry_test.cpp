#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/store/store.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

struct ground {
    test::scratch_folder folder{test::on::memory};
    std::unique_ptr<store::store> s = store::open(folder / "s").value();
    registry all{s->objects(), s->refs()};

    static generation generation_of(const std::string& name, std::uint64_t number, const std::string& state) {
        generation g;
        g.deployment = name;
        g.number = number;
        g.made = parse_timestamp("20261121T063000Z").value();
        g.pins = {{"debian", "bookworm", sha256(state), {}}};
        return g;
    }
    deployment make(const std::string& name, const std::string& state = "one") {
        deployment d;
        d.name = name;
        return all.create(d, generation_of(name, 1, state)).value();
    }
};

}  // namespace

TEST_CASE("registry: a deployment that was created is found, listed and loaded", "[deployments]") {
    ground g;
    CHECK(g.all.list().value().empty());
    CHECK(g.all.find("web").error().code() == errc::absent);
    deployment d;
    d.name = "web";
    d.hold = hold_mode::closure;
    d.on_first_use = {"debian", "security"};
    REQUIRE(g.all.create(d, ground::generation_of("web", 1, "one")));
    const auto found = g.all.find("web").value();
    CHECK(found.head == 1);
    CHECK(found.hold == hold_mode::closure);
    CHECK(found.on_first_use == std::vector<std::string>{"debian", "security"});
    CHECK_FALSE(found.removed);
    CHECK(g.all.id_of("web", 1).value() == found.generation);
    CHECK(g.all.load("web", 1).value().pins.front().snapshot == sha256("one"));
    CHECK(g.all.load("web", 2).error().code() == errc::absent);
    REQUIRE(g.all.list().value().size() == 1);
    CHECK(g.all.list().value().front().name == "web");
}

TEST_CASE("registry: of two that create the same name one is told so", "[deployments]") {
    ground g;
    g.make("web", "one");
    deployment d;
    d.name = "web";
    CHECK(g.all.create(d, ground::generation_of("web", 1, "two")).error().code() == errc::conflict);
    CHECK(g.all.load("web", 1).value().pins.front().snapshot == sha256("one"));
}

TEST_CASE("registry: of two that append to the same head one is told so, and nothing of it is there", "[deployments]") {
    ground g;
    const auto head = g.make("web");
    const auto now = g.all.append(head, ground::generation_of("web", 2, "two")).value();
    CHECK(now.head == 2);
    CHECK(g.all.append(head, ground::generation_of("web", 2, "other")).error().code() == errc::conflict);
    CHECK(g.all.append(head, ground::generation_of("web", 3, "other")).error().code() == errc::conflict);
    CHECK(g.all.load("web", 3).error().code() == errc::absent);
    CHECK(g.all.history("web").value().size() == 2);
    CHECK(g.all.append(now, ground::generation_of("web", 3, "three")).value().head == 3);
    CHECK(g.all.history("web").value()[2].pins.front().snapshot == sha256("three"));
}

TEST_CASE("registry: what is changed beside the generations stays, and stale changes are refused", "[deployments]") {
    ground g;
    auto d = g.make("web");
    const auto stale = d;
    d.removed = parse_timestamp("20261122T000000Z").value();
    d.forget_after = parse_timestamp("20261222T000000Z").value();
    REQUIRE(g.all.change(d));
    CHECK(g.all.find("web").value().removed == d.removed);
    CHECK(g.all.find("web").value().forget_after == d.forget_after);
    CHECK(g.all.change(stale).error().code() == errc::conflict);
}

TEST_CASE("registry: what is forgotten leaves no ref, and others stay", "[deployments]") {
    ground g;
    const auto head = g.make("web");
    g.make("web-2");
    REQUIRE(g.all.append(head, ground::generation_of("web", 2, "two")));
    REQUIRE(g.all.forget("web"));
    CHECK(g.all.find("web").error().code() == errc::absent);
    CHECK(g.all.load("web", 1).error().code() == errc::absent);
    CHECK(g.all.load("web-2", 1));
    CHECK(g.s->refs().list("generation/web/").value().empty());
    CHECK(g.make("web").head == 1);
}

TEST_CASE("registry: a manifest that is another's is not taken for this one", "[deployments]") {
    ground g;
    const auto one = g.make("web");
    g.make("other");
    REQUIRE(g.s->refs().change({{ref_of("other", 1), 1, one.generation.hex()}}));
    CHECK(g.all.load("other", 1).error().code() == errc::malformed);
}

TEST_CASE("registry: names from outside reach no other ref", "[deployments]") {
    ground g;
    g.make("web");
    for (const auto* name : {"web/0000000001", "", "../web", "web\n"})
        CHECK(g.all.find(name).error().code() == errc::absent);
}
