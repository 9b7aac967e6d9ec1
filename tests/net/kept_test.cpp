#include "store_ground.hpp"
#include <boost/json.hpp>
#include <deployments/contents.hpp>
#include <deployments/shown.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/net/deployments.hpp>
#include <larder/net/why.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::test;
using deployments::generation;

namespace {

/// A store with a deployment of suites, as far as doctor and gc look at it.
struct fleet : ground {
    deployments::registry all{e->store().objects(), e->store().refs()};

    deployments::pin pin(const std::string& suite_name) {
        const auto [id, index] = state(suite_name);
        if (!e->store().refs().get(history(suite_name)).value()) refer(history(suite_name), id.hex());
        return {"debian", suite_name, id, {}};
    }
    static std::string history(const std::string& suite_name) {
        return "history/debian/" + suite_name + "@20260101T000000Z";
    }
    /// The next generation of it; returns its manifest.
    digest generation_of(const std::string& name, std::vector<deployments::pin> pins) {
        generation g;
        g.deployment = name;
        g.made = sys_seconds{1'790'000'000s};
        g.pins = std::move(pins);
        g.architectures = {"amd64"};
        const auto head = all.find(name);
        if (!head) {
            deployments::deployment d;
            d.name = name;
            return all.create(d, g).value().generation;
        }
        g.number = head->head + 1;
        g.parent = head->generation;
        return all.append(*head, g).value().generation;
    }
    void unit(const std::string& name, const std::string& report) {
        refer("unit/web/" + name, "Larder-Unit: 1\nReport: " + report + "\nReported: 20261121T063000Z\n");
    }
    doctor_report look(bool give_up = false) {
        doctor_options o;
        o.give_up = give_up;
        return doctor(*e, o, quiet).value();
    }
    bool has_ref(const std::string& name) { return e->store().refs().get(name).value().has_value(); }
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A state in place of another, dated anew, as a rollback makes it; but for a signature.
deployments::pin shown_anew(fleet& f, deployments::pin of) {
    state_manifest m;
    m.archive = of.archive;
    m.suite = of.suite;
    m.date = sys_seconds{1'796'000'000s};
    const auto index = "index of " + of.suite;
    const auto text = "Origin: x\nSuite: " + of.suite + "\nDate: Mon, 30 Nov 2026 00:53:20 UTC\nSHA256:\n " +
                      sha256(index).hex() + " " + std::to_string(index.size()) + " main/binary-amd64/Packages\n";
    m.text = {f.put(text), text.size()};
    m.in_release = stored_file{f.put("signed here " + text), text.size() + 12};
    of.shown = f.put(m.write());
    return of;
}

}  // namespace

TEST_CASE("doctor: deployments that are whole are no trouble, and their states count", "[net][maintenance]") {
    fleet f;
    f.generation_of("web", {f.pin("stable")});
    f.generation_of("web", {shown_anew(f, f.pin("stable"))});
    f.unit("web-1", f.put("hello amd64 1 ii\n").hex());
    REQUIRE(record(*f.e, {0, {}, sys_seconds{1s}, "one", "web", "alice", ""}));
    const auto report = f.look();
    CHECK(report.whole());
    CHECK(report.deployments.empty());
    CHECK(report.states == 2);
    CHECK(gc(*f.e, in_earnest(), quiet));
}

TEST_CASE("doctor: a generation whose manifest is damaged is named, with what follows and what to do",
          "[net][maintenance]") {
    fleet f;
    const auto first = f.generation_of("web", {f.pin("stable")});
    const auto second = f.generation_of("web", {f.pin("testing")});
    const bool in_force = GENERATE(false, true);
    const auto broken = in_force ? second : first;
    f.damage(broken);
    const auto refused = gc(*f.e, in_earnest(), quiet);
    REQUIRE_FALSE(refused);
    CHECK(holds(refused.error().detail(), in_force ? "generation/web/0000000002" : "generation/web/0000000001"));
    CHECK(holds(refused.error().detail(), "larder doctor"));

    const auto report = f.look();
    CHECK_FALSE(report.whole());
    REQUIRE(report.damaged.size() == 1);
    REQUIRE_FALSE(report.damaged.front().known_from.empty());
    CHECK(holds(report.damaged.front().known_from.front(), "generation/web/000000000"));
    REQUIRE(report.deployments.size() == 1);
    const auto& one = report.deployments.front();
    CHECK((one.deployment == "web" && one.generation == (in_force ? 2 : 1) && one.content == broken));
    CHECK(holds(one.what, in_force ? "generation 2 of 'web'" : "generation 1 of 'web'"));
    CHECK(holds(one.follows, "cannot be served"));
    CHECK(holds(one.follows, "'web' itself") == in_force);
    CHECK(holds(one.follows, "gc removes nothing"));
    CHECK(holds(one.advice, "objects/" + broken.hex().substr(0, 2) + "/"));
    CHECK(holds(one.advice, in_force ? "rollback web --to 1" : "--give-up"));
    // Neither is anything dropped, nor does the next one say less.
    CHECK(report.dropped.empty());
    const auto again = f.look();
    REQUIRE(again.missing.size() == 1);
    CHECK(again.missing.front().content == broken);
    CHECK(again.deployments.size() == 1);

    const auto json = boost::json::parse(to_json(report)).at("deployments").at(0);
    CHECK(json.at("object").as_string() == broken.hex());
    CHECK(json.at("advice").as_string() == one.advice);
    CHECK(json.at("deployment").as_string() == "web");
}

TEST_CASE("doctor: a generation that is lost is given up only when that is asked for, and never the one in force",
          "[net][maintenance]") {
    fleet f;
    const auto first = f.generation_of("web", {f.pin("stable")});
    const auto second = f.generation_of("web", {f.pin("testing")});
    f.damage(first);
    f.look();
    CHECK(f.has_ref("generation/web/0000000001"));
    const auto report = f.look(true);
    REQUIRE(report.dropped.size() == 1);
    CHECK(holds(report.dropped.front(), "generation/web/0000000001"));
    CHECK_FALSE(f.has_ref("generation/web/0000000001"));
    CHECK(gc(*f.e, in_earnest(), quiet));
    const auto said = read_journal(*f.e, {}).value().entries;
    REQUIRE(said.size() == 1);
    CHECK((said.front().what == "generation-given-up" && said.front().subject == "web@1"));
    REQUIRE(history_of(*f.e, "web").value().generations.size() == 1);
    CHECK(f.all.load("web", 1).error().code() == errc::absent);
    CHECK(explain(*f.e, second.hex(), quiet).value().unread.empty());

    f.damage(second);
    const auto head = f.look(true);
    CHECK(head.dropped.empty());
    CHECK(f.has_ref("generation/web/0000000002"));
    CHECK_FALSE(head.whole());
    doctor_options contrary;
    contrary.give_up = true;
    contrary.repair = false;
    CHECK(doctor(*f.e, contrary, quiet).error().code() == errc::bad_config);
}

TEST_CASE("doctor: a state that a generation pins keeps its name, though it cannot be brought back",
          "[net][maintenance]") {
    fleet f;
    const auto pinned = f.pin("stable"), other = f.pin("testing");
    f.generation_of("web", {pinned});
    f.generation_of("web", {pinned, f.pin("unstable")});
    f.damage(pinned.snapshot);
    f.damage(other.snapshot);
    CHECK(holds(gc(*f.e, in_earnest(), quiet).error().detail(), "generation/web/"));
    const auto report = f.look();
    CHECK(f.has_ref(fleet::history("stable")));
    CHECK_FALSE(f.has_ref(fleet::history("testing")));
    CHECK(report.dropped.size() == 1);
    REQUIRE(report.deployments.size() == 2);
    CHECK(report.deployments[0].generation == 1);
    CHECK(report.deployments[1].generation == 2);
    for (const auto& one : report.deployments) {
        CHECK(holds(one.what, "debian/stable"));
        CHECK(one.content == pinned.snapshot);
        CHECK(holds(one.follows, "cannot be served"));
    }
    const auto lost = std::find_if(report.lost.begin(), report.lost.end(),
                                   [&](const auto& one) { return one.content == pinned.snapshot; });
    REQUIRE(lost != report.lost.end());
    CHECK(holds(lost->why, fleet::history("stable") + " stays"));
}

TEST_CASE("doctor: while a generation cannot be read no state of the past is forgotten", "[net][maintenance]") {
    fleet f;
    f.generation_of("web", {f.pin("stable")});
    const auto other = f.pin("testing");
    f.damage(f.generation_of("web", {f.pin("stable")}));
    f.damage(other.snapshot);
    const auto report = f.look();
    CHECK(f.has_ref(fleet::history("testing")));
    CHECK(report.dropped.empty());
}

TEST_CASE("doctor: of a state that is shown in place of another the text is made again, and the signature missed",
          "[net][maintenance]") {
    fleet f;
    f.generation_of("web", {f.pin("stable")});
    const auto pin = shown_anew(f, f.pin("stable"));
    f.generation_of("web", {pin});
    const auto manifest = load_state(f.e->store().objects(), *pin.shown).value()->manifest();
    f.damage(manifest.text.content);
    const auto mended = f.look();
    CHECK(mended.whole());
    CHECK(mended.refetched.size() == 1);
    f.damage(manifest.in_release->content);
    const auto report = f.look();
    CHECK_FALSE(report.whole());
    REQUIRE(report.deployments.size() == 1);
    const auto& one = report.deployments.front();
    CHECK((one.generation == 2 && one.content == manifest.in_release->content));
    CHECK(holds(one.what, "shown in place"));
    CHECK(holds(one.follows, "'web' cannot be served"));
    CHECK(holds(one.advice, "upgrade web --suite debian/stable@" + pin.snapshot.hex()));
}

TEST_CASE(
    "deployments: of a generation that is lost it counts when it was made, and later upgrades stay upstream's own",
    "[net][deployments]") {
    fleet f;
    const auto pin = f.pin("stable");
    f.damage(f.generation_of("web", {pin}));
    f.generation_of("web", {f.pin("testing")});
    const auto before = f.all.load("web", 2).value();
    auto next = before;
    next.number = 3;
    next.pins = {pin};
    pinning::cut what;
    REQUIRE(pinning::make_followable(*f.e, f.all, before, next, what));
    CHECK_FALSE(next.pins.front().shown);
}

TEST_CASE("doctor: a unit's report and an entry of the journal that are lost are named", "[net][maintenance]") {
    fleet f;
    f.generation_of("web", {f.pin("stable")});
    const auto report_object = f.put("hello amd64 1 ii\n");
    f.unit("web-1", report_object.hex());
    f.unit("web-2", f.put("this is no report at all: seven words\n").hex());
    f.unit("web-3", "no digest");
    for (const auto* what : {"one", "two"}) REQUIRE(record(*f.e, {0, {}, sys_seconds{1s}, what, "web", "alice", ""}));
    CHECK(holds(gc(*f.e, in_earnest(), quiet).error().detail(), "unit/web/web-3"));
    f.damage(report_object);
    f.damage(sha256(read_journal(*f.e, {}).value().entries.front().write()));
    const auto report = f.look();
    REQUIRE(report.deployments.size() == 4);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(holds(report.deployments[i].what, "'web-" + std::to_string(i + 1) + "'"));
        CHECK(holds(report.deployments[i].follows, "admit"));
        CHECK(holds(report.deployments[i].advice, "forget-unit web web-" + std::to_string(i + 1)));
    }
    CHECK(report.deployments[0].content == report_object);
    CHECK(report.deployments[3].deployment.empty());
    CHECK(holds(report.deployments[3].what, "journal"));
    CHECK(holds(report.deployments[3].what, "0000000001"));
    CHECK(report.lost.size() == 2);
}

TEST_CASE("why: a unit whose report is lost hides nothing of what the others have reported", "[net][why]") {
    fleet f;
    const std::string text =
        "Package: hello\nVersion: 1\nArchitecture: amd64\nFilename: pool/hello.deb\nSize: 5\nSHA256: " +
        sha256("hello").hex() + "\n";
    const auto id = f.state_with("stable", {f.line(text, "main/binary-amd64/Packages")});
    f.put(text);
    f.generation_of("web", {{"debian", "stable", id, {}}});
    f.unit("web-1", sha256("a report that is lost").hex());
    f.unit("web-2", f.put("hello amd64 1 ii\n").hex());
    const auto report = explain(*f.e, "hello", quiet).value();
    REQUIRE(report.objects.size() == 1);
    REQUIRE(report.objects.front().deployments.size() == 1);
    CHECK(report.objects.front().deployments.front().how == std::vector<std::string>{"reported by web-2"});
    REQUIRE(report.unread.size() == 1);
    CHECK(holds(report.unread.front(), "unit 'web-1' of 'web'"));
}

TEST_CASE("doctor: a journal from which an entry was taken out is told of", "[net][maintenance]") {
    fleet f;
    for (const auto* what : {"one", "two", "three"})
        REQUIRE(record(*f.e, {0, {}, sys_seconds{1s}, what, "web", "alice", ""}));
    CHECK(f.look().whole());
    REQUIRE(f.e->store().refs().change({{"journal/0000000002", 1, std::nullopt}}));
    const auto report = f.look();
    REQUIRE(report.deployments.size() == 1);
    CHECK(holds(report.deployments.front().what, "entry 2"));
}

TEST_CASE("doctor: a fetch log that is not the one which the journal names is told of", "[net][maintenance]") {
    fleet f;
    const store::provenance from{store::arrival::fetched, sys_seconds{1s}, "debian", "pool/x.deb", {"u"}};
    REQUIRE(f.e->store().objects().put("bytes", sys_seconds{1s}, from));
    REQUIRE(record(*f.e, {0, {}, sys_seconds{1s}, "one", "web", "alice", ""}));
    CHECK(f.look().whole());
    deployments::journal_entry entry;
    entry.what = "two";
    entry.fetches = store::fetch_head{1, sha256("another")};
    REQUIRE(deployments::journal{f.e->store().objects(), f.e->store().refs()}.append(entry));
    const auto report = f.look();
    CHECK_FALSE(report.whole());
    REQUIRE(report.deployments.size() == 1);
    const auto& one = report.deployments.front();
    CHECK(holds(one.what, "the fetch log's entry 1 is not the one that the journal's entry 2 names"));
    CHECK((one.deployment.empty() && one.ref.empty() && holds(one.advice, "backup")));
}

TEST_CASE("doctor: a deployment whose own ref is gone or cannot be read, or whose head is gone, is told of",
          "[net][maintenance]") {
    fleet f;
    f.generation_of("gone", {f.pin("stable")});
    f.generation_of("odd", {f.pin("stable")});
    f.generation_of("web", {f.pin("stable")});
    auto& refs = f.e->store().refs();
    REQUIRE(refs.change({{"deployment/gone", 1, std::nullopt},
                         {"deployment/odd", 1, "nonsense"},
                         {"generation/web/0000000001", 1, std::nullopt}}));
    const auto report = f.look();
    std::string named;
    for (const auto& one : report.deployments) named += one.deployment + " ";
    CHECK(named == "odd web gone ");
}

TEST_CASE("deployments: one that cannot be read is in the list with its trouble, beside the others",
          "[net][deployments]") {
    fleet f;
    f.generation_of("a", {f.pin("stable")});
    f.generation_of("web", {f.pin("stable")});
    f.generation_of("z", {f.pin("stable")});
    f.damage(f.generation_of("web", {f.pin("testing")}));
    f.refer("deployment/y", "nonsense");
    const auto rows = list_deployments(*f.e).value().deployments;
    REQUIRE(rows.size() == 4);
    CHECK((rows[0].deployment.name == "a" && rows[0].trouble.empty() && rows[0].head.number == 1));
    CHECK((rows[1].deployment.name == "web" && rows[1].deployment.head == 2));
    CHECK(holds(rows[1].trouble, "generation 2"));
    CHECK((rows[2].deployment.name == "y" && !rows[2].trouble.empty()));
    CHECK((rows[3].deployment.name == "z" && rows[3].trouble.empty()));
    const auto json = boost::json::parse(to_json(list_deployments(*f.e).value())).at("deployments");
    CHECK(json.at(1).at("head").is_null());
    CHECK(holds(std::string{json.at(1).at("trouble").as_string()}, "generation 2"));
    CHECK(json.at(0).at("head").at("number") == 1);
}

TEST_CASE("doctor: a rebuild keeps what is noted and cannot be made anew", "[net][maintenance]") {
    fleet f;
    const auto pin = shown_anew(f, f.pin("stable"));
    f.generation_of("web", {pin});
    auto& known = f.e->store().known();
    const auto lost = sha256("a package that upstream has no more");
    REQUIRE(f.e->store().holds().add("web", {{lost, 7, "debian", "pool/x.deb"}}));
    REQUIRE(known.put_note("unobtainable/" + lost.hex(), "404"));
    const std::vector<std::string> beside{"companion/" + pin.snapshot.hex() + "/Release",
                                          "companion/" + pin.shown->hex() + "/Release.gpg"};
    for (const auto& name : beside) REQUIRE(known.put_note(name, sha256(name).hex()));
    // What a generation pins stays known, too, when no ref of its suite names it any more.
    REQUIRE(f.e->store().refs().change({{fleet::history("stable"), 1, std::nullopt}}));
    doctor_options o;
    o.rebuild = true;
    const auto report = doctor(*f.e, o, quiet).value();
    CHECK(known.get_note("unobtainable/" + lost.hex()).value() == "404");
    for (const auto& name : beside) CHECK(known.get_note(name).value() == sha256(name).hex());
    CHECK(report.whole());
}

TEST_CASE("export: a generation that is made meanwhile is no part of what is written", "[net][bundle]") {
    fleet f;
    f.generation_of("web", {f.pin("stable")});
    const auto before = f.all.find("web").value();
    f.generation_of("web", {f.pin("testing")});
    pinning::contents all{*f.e};
    const std::stop_token stop;
    REQUIRE(all.collect(before, {quiet, stop}));
    CHECK(all.list().generations == std::vector<digest>{before.generation});
}
