#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <larder/deployments/following.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/store/store.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

struct ground {
    test::scratch_folder folder{test::on::memory};
    std::unique_ptr<store::store> s = store::open(folder / "s").value();
    registry all{s->objects(), s->refs()};

    static generation generation_of(std::uint64_t number) {
        generation g;
        g.deployment = "web";
        g.number = number;
        g.made = parse_timestamp("20261121T063000Z").value();
        g.pins = {{"debian", "bookworm", sha256(std::to_string(number)), {}}};
        return g;
    }
    digest put(std::uint64_t number) {
        const auto g = generation_of(number);
        return s->objects().put(g.write(), g.made).value();
    }
    deployment taken_over() {
        deployment d;
        d.name = "web";
        d.hold = hold_mode::closure;
        return all.adopt(d, {put(1)}, {}).value().now;
    }
    void follow(const std::string& url = "https://peer.archive.example:3143") {
        const following now{url, "", parse_timestamp("20261121T063000Z").value()};
        REQUIRE(s->refs().change({{following_ref("web"), 0, now.write()}}));
    }
};

}  // namespace

TEST_CASE("following: what is written is read again", "[deployments]") {
    const following one{"https://peer.archive.example:3143", "/etc/larder/secrets/peer.token",
                        parse_timestamp("20261121T063000Z").value()};
    const auto again = following::read(one.write()).value();
    CHECK(again.url == one.url);
    CHECK(again.token_file == one.token_file);
    CHECK(again.made == one.made);
    CHECK(following::read(following{"http://peer.archive.example", "", {}}.write()).value().token_file.empty());
}

TEST_CASE("following: what names no peer, or is of a newer Larder, is refused", "[deployments]") {
    CHECK(following::read("").error().code() == errc::malformed);
    CHECK(following::read("Larder-Following: 1\nMade: 20261121T063000Z\n").error().code() == errc::malformed);
    CHECK(following::read("no colon\n").error().code() == errc::malformed);
    CHECK(following::read("Larder-Following: 2\nPeer: x\n").error().code() == errc::unsupported);
    CHECK_FALSE(following::read("Peer: x\nMade: yesterday\n"));
}

TEST_CASE("registry: one that follows a peer has no generation of its own", "[deployments]") {
    ground g;
    const auto head = g.taken_over();
    g.follow();
    const auto refused = g.all.append(head, ground::generation_of(2));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == errc::refused);
    CHECK(refused.error().detail().find("follows https://peer.archive.example:3143") != std::string::npos);
    CHECK(refused.error().detail().find("larder deployment unfollow web") != std::string::npos);
    CHECK(g.all.find("web").value().head == 1);
    CHECK_FALSE(g.all.load("web", 2));
    CHECK(g.all.adopt(head, {g.put(1), g.put(2)}, {}).value().now.head == 2);
    REQUIRE(g.s->refs().change({{following_ref("web"), 1, std::nullopt}}));
    CHECK(g.all.append(g.all.find("web").value(), ground::generation_of(3)));
}

TEST_CASE("registry: whose hold mode and token hold is said when one is taken over again", "[deployments]") {
    ground g;
    g.taken_over();
    deployment theirs;
    theirs.name = "web";
    theirs.hold = hold_mode::full;
    theirs.token = sha256("token").hex();
    const auto id = g.put(1);
    CHECK(g.all.adopt(theirs, {id}, {}, settings_of::here).value().now.hold == hold_mode::closure);
    const auto version = g.all.find("web").value().version;
    const auto now = g.all.adopt(theirs, {id}, {}, settings_of::there).value();
    CHECK(now.added == 0);
    CHECK(now.now.hold == hold_mode::full);
    CHECK(g.all.find("web").value().token == theirs.token);
    CHECK(g.all.find("web").value().version == version + 1);
    // What changes nothing is not written.
    CHECK(g.all.adopt(theirs, {id}, {}, settings_of::there).value().now.version == version + 1);
    CHECK(g.all.find("web").value().version == version + 1);
}

TEST_CASE("registry: whom it followed is forgotten with a deployment", "[deployments]") {
    ground g;
    g.taken_over();
    g.follow();
    REQUIRE(g.s->refs().change({{keys_ref("web"), 0, "a key"}}));
    REQUIRE(g.all.forget("web"));
    CHECK(g.s->refs().list("").value().empty());
}

TEST_CASE("registry: what was given up comes back with what is taken over again, where what follows it is the same",
          "[deployments]") {
    ground g;
    const auto d = g.taken_over();
    const std::vector<digest> all{g.put(1), g.put(2), g.put(3)};
    REQUIRE(g.all.adopt(d, all, {}));
    const auto give_up = [&](std::uint64_t number) {
        const auto ref = g.s->refs().get(ref_of("web", number)).value();
        REQUIRE(g.s->refs().change({{ref_of("web", number), ref->version, std::nullopt}}));
    };
    give_up(2);
    // It ends with that one: nothing says whether it is the same.
    CHECK(g.all.adopt(d, {all[0], g.put(4)}, {}).value().added == 0);
    CHECK_FALSE(g.all.load("web", 2));
    const auto back = g.all.adopt(d, all, {}).value();
    CHECK(back.added == 1);
    CHECK(back.now.head == 3);
    CHECK(g.all.find("web").value().generation == all[2]);
    CHECK(g.all.load("web", 2));
    // Of a shorter one, too, whose end is not that of this one.
    give_up(1);
    CHECK(g.all.adopt(d, {all[0], all[1]}, {}).value().added == 1);
    CHECK(g.all.find("web").value().head == 3);
    CHECK(g.all.load("web", 1));
    CHECK(g.all.adopt(d, {all[0], all[2]}, {}).error().code() == errc::conflict);
}
