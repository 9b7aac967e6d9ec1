#include <catch2/catch.hpp>
#include <larder/deployments/lockfile.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

locked_package package(const std::string& name, const std::string& version, const std::string& architecture = "amd64",
                       const std::string& bytes = "") {
    return {name, version, architecture, sha256(name + version + architecture + bytes),
            10,   name,    "debian",     "pool/" + name + "_" + version + "_" + architecture + ".deb"};
}

lockfile lock_of(std::vector<locked_package> packages) {
    lockfile lock;
    lock.deployment = "web";
    lock.generation = 3;
    lock.made = parse_timestamp("20261121T063000Z").value();
    lock.hold = hold_mode::closure;
    lock.architectures = {"amd64", "arm64"};
    lock.suites = {{"debian",
                    "bookworm",
                    parse_timestamp("20261120T000000Z").value(),
                    sha256("state"),
                    sha256("InRelease"),
                    {"AA", "BB"}}};
    lock.packages = std::move(packages);
    lock.in_order();
    return lock;
}

std::string changes_of(const lockfile& before, const lockfile& after) {
    std::string out;
    const auto all = compare(before, after);
    for (const auto& s : all.suites) out += s.archive + "/" + s.suite + ";";
    for (const auto& p : all.packages)
        out +=
            std::string{to_string(p.what)} + " " + p.name + ":" + p.architecture + " " + p.before + ">" + p.after + ";";
    return out;
}

std::string refusal(const std::string& text) {
    const auto read = lockfile::read(text);
    return read ? "taken" : read.error().detail();
}

}  // namespace

TEST_CASE("lockfile: a line a package, sorted, and the suites on top", "[lockfile]") {
    const auto lock = lock_of({package("zlib1g", "1:1.2"), package("base", "12", "all"), package("hello", "2.10"),
                               package("hello", "2.9"), package("base", "12", "all")});
    const auto text = lock.write();
    CHECK(text ==
          "Larder-Lock: 1\nDeployment: web\nGeneration: 3\nMade: 20261121T063000Z\nHold: closure\n"
          "Architectures: amd64 arm64\nSuite: debian/bookworm 20261120T000000Z " +
              sha256("state").hex() + " " + sha256("InRelease").hex() + " AA BB\n\n" +  //
              "base 12 all " + sha256("base12all").hex() + " 10 base\n" +               //
              "hello 2.9 amd64 " + sha256("hello2.9amd64").hex() + " 10 hello\n" +      //
              "hello 2.10 amd64 " + sha256("hello2.10amd64").hex() + " 10 hello\n" +    //
              "zlib1g 1:1.2 amd64 " + sha256("zlib1g1:1.2amd64").hex() + " 10 zlib1g\n");
    const auto again = lockfile::read(text).value();
    CHECK(again.write() == text);
    CHECK(again.suites == lock.suites);
    CHECK(lockfile::read("Larder-Lock: 1\n# for people\n" + text.substr(15)).value().write() == text);
}

TEST_CASE("lockfile: what differs between two", "[lockfile]") {
    const auto before = lock_of({package("a", "1"), package("b", "1"), package("c", "2"), package("d", "1")});
    auto after =
        lock_of({package("b", "2"), package("c", "1"), package("d", "1", "amd64", "rebuilt"), package("e", "1")});
    CHECK(changes_of(before, before).empty());
    CHECK(compare(before, before).none());
    CHECK(changes_of(before, after) ==
          "removed a:amd64 1>;upgraded b:amd64 1>2;downgraded c:amd64 2>1;changed d:amd64 1>1;added e:amd64 >1;");
    after = before;
    after.suites[0].snapshot = sha256("as another Larder calls it");
    CHECK(compare(before, after).none());
    after.suites[0].release = sha256("other");
    after.suites.push_back(after.suites[0]);
    after.suites[1].suite = "updates";
    CHECK(changes_of(before, after) == "debian/bookworm;debian/updates;");
}

TEST_CASE("lockfile: sums of what is served, and pins for apt", "[lockfile]") {
    const auto lock = lock_of({package("a", "1"), package("a", "2"), package("a", "2", "arm64"), package("b", "1"),
                               package("b", "2", "arm64"), package("src", "1", "source")});
    CHECK(lock.sha256sums().substr(0, 91) == sha256("a1amd64").hex() + "  debian/pool/a_1_amd64.deb");
    CHECK(lock.preferences() ==
          "Package: a\nPin: version 2\nPin-Priority: 1001\n\n"
          "Package: b:amd64\nPin: version 1\nPin-Priority: 1001\n\n"
          "Package: b:arm64\nPin: version 2\nPin-Priority: 1001\n\n");
}

TEST_CASE("lockfile: what cannot be read is named by its line", "[lockfile]") {
    const auto text = lock_of({package("a", "1")}).write();
    CHECK(refusal("") == "a lockfile begins with 'Larder-Lock: 1'");
    CHECK(refusal("Larder-Lock: 2\n").find("a newer Larder wrote it") != std::string::npos);
    CHECK(refusal(text + "a 1 amd64\n").starts_with("line 10: a package has six words"));
    CHECK(refusal(text + "a 1 amd64 " + sha256("").hex() + " ten a\n") == "line 10: its size cannot be read");
    CHECK(refusal("Larder-Lock: 1\nSuite: bookworm x\n") == "line 2: its Suite cannot be read");
    CHECK(refusal("Larder-Lock: 1\nDeployment: ../x\n").starts_with("line 2: "));
    CHECK(refusal("Larder-Lock: 1\nnonsense\n") == "line 2: a field has a colon");
    CHECK(refusal("Larder-Lock: 1\nDeployment: web\n").starts_with("a lockfile names"));
}

TEST_CASE("lockfile: what was picked stands below its suite, with the state that it is from", "[lockfile]") {
    auto lock = lock_of({});
    lock.suites[0].picks = {
        {{"gone", "amd64", "", {}}, {}, {}},
        {{"hello", "all", "2.10-4", sha256("now")}, parse_timestamp("20261122T063000Z").value(), sha256("InRelease")}};
    const auto text = lock.write();
    CHECK(text.find("\nPick: gone amd64\nPick: hello all 2.10-4 20261122T063000Z " + sha256("now").hex() + " " +
                    sha256("InRelease").hex() + "\n") != std::string::npos);
    CHECK(lockfile::read(text).value().suites == lock.suites);
    const auto bad = [&](const std::string& from, const std::string& to) {
        auto changed = text;
        changed.replace(changed.find(from), from.size(), to);
        return lockfile::read(changed).error().code() == errc::malformed;
    };
    CHECK(bad("Pick: gone amd64", "Pick: gone"));
    CHECK(bad("Pick: hello all 2.10-4 2026", "Pick: hello all 2.10-4 26"));
    CHECK(bad("Suite: ", "Pick: a b\nSuite: "));
}

TEST_CASE("lockfile: what is picked otherwise is a difference, though nothing of it is held", "[lockfile]") {
    auto before = lock_of({package("hello", "2.10")}), after = before;
    const locked_pick picked{{"tool", "all", "2.0", sha256("state")}, {}, sha256("Release")};
    before.suites[0].picks = after.suites[0].picks = {picked};
    // As another Larder names the same state.
    after.suites[0].picks[0].what.from = sha256("another manifest");
    CHECK(changes_of(before, after).empty());
    for (const auto change : {0, 1, 2, 3, 4}) {
        auto& one = (after.suites[0].picks = {picked})[0];
        if (change == 0) one.what.name = "other";
        if (change == 1) one.what.architecture = "amd64";
        if (change == 2) one.what.version = "3.0";
        if (change == 3) one.release = sha256("another Release");
        if (change == 4) after.suites[0].picks.clear();
        CHECK(changes_of(before, after) == "debian/bookworm;");
    }
}
