#include <catch2/catch.hpp>
#include <larder/pockets/pocket_release.hpp>
#include <larder/pockets/registry.hpp>
#include <larder/store/store.hpp>
#include <scratch_folder.hpp>

using namespace larder;
using namespace larder::pockets;

namespace {

const auto moment = parse_timestamp("20261121T063000Z").value();

pocket sample() {
    pocket p;
    p.archive = "cloud-archive";
    p.suite = "bookworm-folsom-proposed";
    p.base = "debian/bookworm";
    p.feeds = "bookworm-folsom";
    p.components = {"main", "extra"};
    p.architectures = {"amd64", "arm64", "source"};
    p.origin = "Example";
    p.label = "Cloud Archive";
    p.description = "Newer stacks for the long-term release";
    p.supported_until = moment;
    p.not_automatic = p.but_automatic_upgrades = true;
    p.translations = p.contents = true;
    p.valid_for = std::chrono::hours{24 * 7};
    return p;
}

publication first_of(const pocket& p) {
    publication made;
    made.pocket = p.name();
    made.number = p.head + 1;
    made.made = moment;
    made.how = step::include;
    made.by = "admin:root";
    made.reason = "a later fix\nof two lines";
    made.snapshot = sha256("state");
    made.indices = {{"main/binary-amd64/Packages", sha256("plain"), sha256("pack")}};
    made.added = 3;
    return made;
}

struct stored {
    test::scratch_folder folder{test::on::memory};
    std::unique_ptr<store::store> all = store::open(folder.path()).value();
    registry in{all->refs()};
};

}  // namespace

TEST_CASE("pocket: its description is written and read as the same", "[pockets]") {
    const auto p = sample();
    const auto text = p.write();
    CHECK(text.find("Larder-Pocket: 1\nArchive: cloud-archive\n") == 0);
    const auto again = pocket::read(text);
    REQUIRE(again);
    CHECK(again->write() == text);
    CHECK(again->valid_for == p.valid_for);
    CHECK(pocket::read("Larder-Pocket: 2\n").error().code() == errc::unsupported);
    CHECK(pocket::read("").error().code() == errc::malformed);
    CHECK(pocket::read("Larder-Pocket: 1\nArchive: a\n").error().code() == errc::malformed);
    CHECK(pocket::read(text + "Valid-For: soon\n").error().detail().find("Valid-For") != std::string::npos);
}

TEST_CASE("pocket: a text of people's stays on its line", "[pockets]") {
    auto p = sample();
    p.description = "one\nFrozen: yes";
    const auto again = pocket::read(p.write());
    REQUIRE(again);
    CHECK(again->frozen.empty());
}

TEST_CASE("pocket: names are archive and suite, and nothing that climbs", "[pockets]") {
    CHECK(parse_pocket_name("cloud-archive/bookworm-folsom")->suite == "bookworm-folsom");
    CHECK(parse_pocket_name("cloud-archive/jammy-updates/zed")->suite == "jammy-updates/zed");
    for (const auto* bad :
         {"", "cloud", "cloud/", "/x", "cloud/../x", "cloud//x", "cloud/a b", "cloud/.x", "cloud/x#1"}) {
        CAPTURE(bad);
        CHECK(parse_pocket_name(bad).error().code() == errc::refused);
    }
    CHECK(check_component("non-free-firmware"));
    CHECK_FALSE(check_component("main/x"));
    CHECK(check_architecture("kfreebsd-amd64"));
    CHECK_FALSE(check_architecture("AMD64"));
}

TEST_CASE("publication: it is written and read as the same, and its reason is one line", "[pockets]") {
    auto made = first_of(sample());
    made.how = step::promote;
    made.from = "cloud-archive/bookworm-folsom-staging";
    made.origin = 7;
    made.findings = {"closed: yes", "installable: no: nova needs python3-nova"};
    made.overridden = "known, and fixed in the next";
    made.parent = sha256("before");
    const auto text = made.write();
    const auto again = publication::read(text);
    REQUIRE(again);
    CHECK(again->write() == text);
    CHECK(again->from == made.from);
    CHECK(again->origin == 7);
    CHECK(again->findings == made.findings);
    CHECK(again->indices == made.indices);
    CHECK(again->added == 3);
    CHECK(text.find("\nof two") == std::string::npos);
    CHECK(publication::read("Larder-Publication: 1\nStep: sidle\n").error().code() == errc::malformed);
}

TEST_CASE("publication: what was taken from other archives is told with its reason", "[pockets]") {
    publication made;
    made.pocket = "cloud/x";
    made.number = 2;
    made.how = step::pull;
    made.from = "debian/trixie@20261121T063000Z,debian/sid@20261121T063000Z";
    const std::vector<taken_package> taken{
        {"nova-api", "2:28", "amd64", "debian/trixie@20261121T063000Z", ""},
        {"nova-common", "2:28", "all", "debian/trixie@20261121T063000Z", "nova-api needs nova-common (= 2:28)"}};
    made.set_taken(taken);
    const auto again = publication::read(made.write());
    REQUIRE(again);
    CHECK(again->taken_count == 2);
    CHECK(again->id() == made.id());
    CHECK(again->how == step::pull);
    CHECK(again->from == made.from);
    CHECK(read_taken(write_taken(taken)).value() == taken);
    CHECK(read_taken("x 1 all\n").error().code() == errc::malformed);
    CHECK(publication::read("Larder-Publication: 1\nPocket: a/b\nNumber: 1\nTaken: x\n").error().code() ==
          errc::malformed);
}

TEST_CASE("publication: a long list of what was taken is kept, and one that was changed is noticed", "[pockets]") {
    stored s;
    auto p = sample();
    auto made = first_of(p);
    std::vector<taken_package> taken;
    for (int i = 0; i < 3000; ++i)
        taken.push_back({"package" + std::to_string(i), "1", "all", "a/b@20261121T063000Z", std::string(60, 'x')});
    made.set_taken(taken);
    REQUIRE(s.in.publish(p, made, {}));
    const auto there = s.in.find(p.name()).value();
    auto again = s.in.load(there, 1).value();
    CHECK(again.taken.empty());
    REQUIRE(s.in.load_taken(there, again));
    CHECK(again.taken == taken);
    const auto part = s.all->refs().list("taken/").value().front();
    REQUIRE(s.all->refs().change({{part.first, part.second.version, "x 1 all a/b\n"}}));
    CHECK(s.in.load_taken(there, again).error().code() == errc::digest_mismatch);
}

TEST_CASE("pocket: who may upload, and what it says of packages, is written and read as the same", "[pockets]") {
    auto p = sample();
    p.uploaders = {{"ABCD", "A <a@archive.example>"}, {"EF01", ""}};
    p.upload_token = true;
    p.incoming = "/srv/incoming";
    p.distributions = {"unstable", "experimental"};
    p.overrides = {{"nova-api", {"admin", "", 20U}}, {"src:nova", {"universe/net", "extra", {}}}};
    const auto again = pocket::read(p.write());
    REQUIRE(again);
    CHECK(again->write() == p.write());
    CHECK(again->uploaders == p.uploaders);
    CHECK(again->overrides == p.overrides);
    CHECK(again->distributions == p.distributions);
    CHECK((again->upload_token && again->incoming == p.incoming));
    for (const auto* odd : {"Override: x", "Override: x colour=red", "Override: x phased=101", "Override: x phased=-1"})
        CHECK_FALSE(pocket::read(p.write() + odd + "\n"));
}

TEST_CASE("publication: a rollback says what it went back to", "[pockets]") {
    auto made = first_of(sample());
    made.how = step::rollback;
    made.origin = 4;
    const auto again = publication::read(made.write());
    REQUIRE(again);
    CHECK(again->origin == 4);
    CHECK(again->from.empty());
}

TEST_CASE("pockets in a store: publications follow each other, and of two writers one is told", "[pockets]") {
    stored s;
    auto p = sample();
    REQUIRE(s.in.publish(p, first_of(p), {}));
    auto now = s.in.find(p.name());
    REQUIRE(now);
    CHECK(now->head == 1);
    CHECK(s.in.find("cloud-archive/other").error().code() == errc::absent);
    auto second = first_of(*now);
    second.parent = s.in.load(*now, 1)->id();
    REQUIRE(s.in.publish(*now, second, {{"also", 0, "this"}}));
    CHECK(s.all->refs().get("also")->has_value());
    const auto late = s.in.publish(*now, second, {{"never", 0, "this"}});
    REQUIRE_FALSE(late);
    CHECK(late.error().code() == errc::conflict);
    CHECK_FALSE(s.all->refs().get("never")->has_value());
    const auto latest = s.in.find(p.name()).value();
    const auto history = s.in.history(latest, 10);
    REQUIRE(history);
    REQUIRE(history->size() == 2);
    CHECK(history->front().number == 2);
    CHECK(history->front().parent == history->back().id());
    CHECK(s.in.history(latest, 1)->size() == 1);
    CHECK(s.in.pockets("cloud-archive")->size() == 1);
    CHECK(s.in.pockets("cloud")->empty());
}

TEST_CASE("pockets in a store: a local archive keeps its keys", "[pockets]") {
    stored s;
    local_archive a{"cloud-archive", {}, moment, {"20261122.1", "abcd", true}, 0};
    archive_key one;
    one.fingerprint = "ABCD";
    one.state = key_state::leaving;
    one.user_id = "cloud archive";
    one.algorithm = "ed25519";
    one.made = moment;
    one.public_key = "-----BEGIN-----\n\nmQ==\n-----END-----\n";
    one.until = moment + std::chrono::hours{1};
    archive_key other = one;
    other.fingerprint = "EF01";
    other.state = key_state::revoked;
    other.revoked = "-----BEGIN-----\n\nmR==\n-----END-----\n";
    other.expires = moment + std::chrono::hours{2};
    other.agent_home = "/var/lib/agent";
    other.has_primary = other.needs_passphrase = true;
    a.keys = {one, other};
    REQUIRE(s.in.create(a));
    CHECK(s.in.create(a).error().code() == errc::conflict);
    auto again = s.in.find_archive("cloud-archive").value();
    CHECK(again.write() == a.write());
    REQUIRE(again.keys.size() == 2);
    CHECK(again.keys[0].public_key == one.public_key);
    CHECK(again.keys[1].revoked == other.revoked);
    CHECK(again.keys[1].agent_home == other.agent_home);
    CHECK(again.package.wanted);
    CHECK(again.package.version == "20261122.1");
    CHECK(s.in.find_archive("other").error().code() == errc::absent);
    again.keys.pop_back();
    REQUIRE(s.in.change(again));
    CHECK(s.in.change(again).error().code() == errc::conflict);
}

TEST_CASE("a local archive: which of its keys sign, are published and stand in Signed-By", "[pockets]") {
    local_archive a{"cloud", {}, moment, {}, 0};
    const auto add = [&](const char* name, key_state state) {
        archive_key k;
        k.fingerprint = name;
        k.state = state;
        k.public_key = "key";
        a.keys.push_back(k);
    };
    for (const auto& [name, state] : {std::pair{"A", key_state::coming},
                                      {"B", key_state::active},
                                      {"C", key_state::leaving},
                                      {"D", key_state::revoked},
                                      {"E", key_state::gone}})
        add(name, state);
    const auto names = [](const std::vector<const archive_key*>& all) {
        std::string text;
        for (const auto* one : all) text += one->fingerprint;
        return text;
    };
    CHECK(names(a.signing(moment)) == "BC");
    CHECK(names(a.published()) == "ABCD");
    CHECK(a.signed_by() == "A, B, C");
    a.keys[1].expires = moment;
    CHECK(names(a.signing(moment)) == "C");
    CHECK(names(a.signing(moment - std::chrono::seconds{1})) == "BC");
    CHECK(a.find_key("Z").error().detail().find("E (gone)") != std::string::npos);
}

TEST_CASE("a local archive with one key, as it was written first, is read", "[pockets]") {
    const auto a = local_archive::read(
                       "Larder-Local-Archive: 1\nName: cloud\nMade: 20261122T100000Z\nKey: ABCD\n"
                       "Armour: -----BEGIN-----\nArmour:\nArmour: mQ==\nArmour: -----END-----\nArmour:\n")
                       .value();
    REQUIRE(a.keys.size() == 1);
    CHECK(a.keys[0].fingerprint == "ABCD");
    CHECK(a.keys[0].state == key_state::active);
    CHECK(a.keys[0].public_key == "-----BEGIN-----\n\nmQ==\n-----END-----\n");
    CHECK(a.keys[0].made == a.made);
    CHECK(local_archive::read("Larder-Local-Archive: 3\nName: cloud\n").error().code() == errc::unsupported);
    CHECK_FALSE(local_archive::read("Larder-Local-Archive: 2\nName: cloud\n"));
    CHECK_FALSE(local_archive::read("Larder-Local-Archive: 2\nName: cloud\nKey: ABCD odd\nArmour: x\n"));
}

TEST_CASE("a pocket's Release: what apt reads of it", "[pockets]") {
    const auto text = write_release(
        sample(), {{"main/source/Sources", 5, sha256("b"), {}}, {"main/binary-amd64/Packages", 3, sha256("a"), {}}},
        moment, "ABCD!", "https://archive.example/snapshot/cloud-archive/@SNAPSHOTID@/");
    CHECK(text ==
          "Origin: Example\nLabel: Cloud Archive\nSuite: bookworm-folsom-proposed\n"
          "Codename: bookworm-folsom-proposed\nDate: Sat, 21 Nov 2026 06:30:00 UTC\n"
          "Valid-Until: Sat, 28 Nov 2026 06:30:00 UTC\nNotAutomatic: yes\nButAutomaticUpgrades: yes\n"
          "Acquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: amd64 arm64\n"
          "Components: main extra\nDescription: Newer stacks for the long-term release\nSigned-By: ABCD!\n"
          "Snapshots: https://archive.example/snapshot/cloud-archive/@SNAPSHOTID@/\nSHA256:\n " +
              sha256("a").hex() + " 3 main/binary-amd64/Packages\n " + sha256("b").hex() + " 5 main/source/Sources\n");
}

TEST_CASE("pocket: the end of its support is warned of 60 days before", "[pockets]") {
    pocket p;
    p.archive = "cloud";
    p.suite = "folsom";
    const auto end = parse_timestamp("20270501T000000Z").value();  // the beginning of the day after the last
    CHECK(support_warning(p, end).empty());
    CHECK_FALSE(support_has_ended(p, end));
    p.supported_until = end;
    CHECK(support_warning(p, end - std::chrono::hours{24 * 60} - std::chrono::seconds{1}).empty());
    CHECK(support_warning(p, end - std::chrono::hours{24 * 60}) ==
          "the support of cloud/folsom ends on 2027-04-30, in 60 days");
    CHECK_FALSE(support_has_ended(p, end - std::chrono::seconds{1}));
    CHECK(support_has_ended(p, end));
    CHECK(support_warning(p, end) == "the support of cloud/folsom ended on 2027-04-30");
}
