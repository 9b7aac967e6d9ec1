#include <catch2/catch.hpp>
#include <larder/deployments/generation.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

generation sample() {
    generation g;
    g.deployment = "web";
    g.number = 3;
    g.parent = sha256("second");
    g.made = parse_timestamp("20261121T063000Z").value();
    g.how = step::rollback;
    g.origin = 1;
    g.by = "alice";
    g.reason = "it did not start";
    g.architectures = {"amd64", "arm64"};
    g.pins = {{"debian", "bookworm", sha256("b"), {}}, {"debian", "bookworm-updates", sha256("u"), sha256("shown")}};
    return g;
}

}  // namespace

TEST_CASE("generation: what is written is read back", "[deployments]") {
    const auto g = sample();
    const auto back = generation::read(g.write()).value();
    CHECK(back.write() == g.write());
    CHECK(back.deployment == "web");
    CHECK(back.number == 3);
    CHECK(back.parent == g.parent);
    CHECK(back.made == g.made);
    CHECK(back.how == step::rollback);
    CHECK(back.origin == 1);
    CHECK(back.by == "alice");
    CHECK(back.reason == "it did not start");
    CHECK(back.architectures == g.architectures);
    CHECK(back.pins == g.pins);
    CHECK(back.find("debian", "bookworm-updates")->state() == sha256("shown"));
    CHECK(back.find("debian", "bookworm")->state() == sha256("b"));
    CHECK(back.find("debian", "trixie") == nullptr);
}

TEST_CASE("generation: its text is this one, on every machine", "[deployments]") {
    const auto text = sample().write();
    CHECK(text == "Larder-Generation: 1\nDeployment: web\nNumber: 3\nParent: " + sha256("second").hex() +
                      "\nMade: 20261121T063000Z\nStep: rollback 1\nBy: alice\nReason: it did not start\n"
                      "Architectures: amd64 arm64\nSuite: debian/bookworm " +
                      sha256("b").hex() + "\nSuite: debian/bookworm-updates " + sha256("u").hex() + " " +
                      sha256("shown").hex() + "\n");
}

TEST_CASE(
    "generation: a suite with packages of other states names the state composed of them, and each with where it is "
    "from",
    "[deployments]") {
    auto g = sample();
    auto& pin = g.pins[0];
    pin.overlay = sha256("composed");
    pin.picks = {{"gone", "amd64", {}, {}}, {"hello", "all", "2.10-4", sha256("now")}};
    const auto text = g.write();
    CHECK(text.find("\nSuite: debian/bookworm " + sha256("b").hex() + "\nOverlay: debian/bookworm " +
                    sha256("composed").hex() + "\nPick: debian/bookworm gone amd64\nPick: debian/bookworm hello all " +
                    "2.10-4 " + sha256("now").hex() + "\nSuite: debian/bookworm-updates ") != std::string::npos);
    const auto back = generation::read(text).value();
    CHECK(back.pins == g.pins);
    CHECK(back.write() == text);
    CHECK(back.pins[0].listed() == sha256("composed"));
    CHECK(back.pins[0].state() == sha256("composed"));
    CHECK(back.pins[1].listed() == sha256("u"));
    pin.shown = sha256("anew");
    CHECK(generation::read(g.write()).value().pins[0].state() == sha256("anew"));
    CHECK(generation::read(g.write()).value().pins[0].listed() == sha256("composed"));
}

TEST_CASE("generation: a pick of no suite, of one without an overlay, or out of order is no manifest",
          "[deployments]") {
    const auto hex = sha256("x").hex();
    const auto with = [&](const std::string& more) { return generation::read(sample().write() + more); };
    CHECK(with("Overlay: debian/bookworm-updates " + hex + "\n"));
    const auto overlay = "Overlay: debian/bookworm-updates " + hex + "\n";
    CHECK(with(overlay + "Pick: debian/bookworm-updates a amd64 1 " + hex + "\n"));
    for (const auto& bad :
         {"Overlay: debian/bookworm " + hex + "\n", std::string{"Overlay: debian/bookworm-updates\n"},
          "Pick: debian/bookworm-updates a amd64 1 " + hex + "\n", overlay + "Pick: debian/bookworm-updates a\n",
          overlay + "Pick: debian/bookworm-updates a amd64 1\n",
          overlay + "Pick: debian/bookworm-updates b amd64\nPick: debian/bookworm-updates a amd64\n",
          overlay + "Pick: debian/bookworm-updates a amd64\nPick: debian/bookworm-updates a amd64\n"})
        CHECK(with(bad).error().code() == errc::malformed);
}

TEST_CASE("generation: a reason cannot make a field of its own", "[deployments]") {
    auto g = sample();
    g.reason = "x\nNumber: 7";
    CHECK(generation::read(g.write()).value().number == 3);
}

TEST_CASE("generation: what is read is written as the same text, whatever stands at the end of a reason",
          "[deployments]") {
    auto g = sample();
    g.by = " alice ";
    g.reason = std::string(999, 'x') + " and here it is cut off";
    CHECK(generation::read(g.write()).value().write() == g.write());
    CHECK(generation::read(g.write()).value().by == "alice");
}

TEST_CASE("generation: what is no manifest is refused with its field", "[deployments]") {
    const auto text = sample().write();
    const auto with = [&](const std::string& from, const std::string& to) {
        auto changed = text;
        changed.replace(changed.find(from), from.size(), to);
        return generation::read(changed);
    };
    CHECK(with("Number: 3", "Number: three").error().detail().find("Number") != std::string::npos);
    CHECK(with("Step: rollback", "Step: dance").error().code() == errc::malformed);
    CHECK(with("Suite: debian/bookworm ", "Suite: debianbookworm ").error().code() == errc::malformed);
    CHECK(with("debian/bookworm-updates", "debian/bookworm").error().code() == errc::malformed);
    CHECK(with("debian/bookworm-updates", "debian/a").error().code() == errc::malformed);
    CHECK(with("Larder-Generation: 1", "Larder-Generation: 2").error().code() == errc::unsupported);
    CHECK(generation::read("Larder-Generation: 1\n").error().code() == errc::malformed);
    CHECK(generation::read("nonsense").error().code() == errc::malformed);
}

TEST_CASE("generation: changes tell what was pinned anew, added and left out", "[deployments]") {
    const auto before = sample();
    auto after = before;
    after.pins[0].snapshot = sha256("b2");
    after.pins[1] = {"other", "stable", sha256("o"), {}};
    const auto all = changes(before, after);
    REQUIRE(all.size() == 3);
    CHECK(all[0].suite == "bookworm");
    CHECK(all[0].before == sha256("b"));
    CHECK(all[0].after == sha256("b2"));
    CHECK((all[1].archive == "other" && !all[1].before && all[1].after == sha256("o")));
    CHECK((all[2].suite == "bookworm-updates" && all[2].before == sha256("u") && !all[2].after));
    CHECK(changes(before, before).empty());
}

TEST_CASE("generation: another overlay of the same snapshot is a change, another signature of it is none",
          "[deployments]") {
    const auto before = sample();
    auto after = before;
    after.pins[0].shown = sha256("anew");
    CHECK(changes(before, after).empty());
    after.pins[0].overlay = sha256("composed");
    const auto all = changes(before, after);
    REQUIRE(all.size() == 1);
    CHECK((all[0].before == sha256("b") && all[0].after == sha256("composed")));
}

TEST_CASE("deployment names: what can stand in a URL and a ref", "[deployments]") {
    for (const auto* good : {"web", "a", "Web-1.2_x", "7"}) CHECK(check_name(good));
    for (const auto* bad : {"", ".web", "we b", "a/b", "a@b", "ä", "a\n"})
        CHECK(check_name(bad).error().code() == errc::refused);
    CHECK(check_name(std::string(100, 'a')));
    CHECK_FALSE(check_name(std::string(101, 'a')));
}
