#include "small_archive.hpp"
#include <algorithm>
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::qa;
using test::dice;
using test::small_archive;

namespace {

std::vector<std::string> names(const universe& all, const std::vector<package_id>& ids) {
    std::vector<std::string> made;
    for (const auto p : ids) made.push_back(all.key(p).name + " " + all.key(p).version);
    return made;
}

/// What removing and adding one each makes worse: "became app 1".
std::vector<std::string> worse(small_archive& a, const std::string& removed, const std::string& added) {
    std::vector<package_id> gone, come;
    if (!removed.empty()) gone.push_back(a.id(removed));
    if (!added.empty()) come = a.all().read(added)->packages;
    const auto after = a.now().with(gone, come);
    REQUIRE(after.holds_together());
    std::vector<std::string> made;
    for (const auto& one : compare(a.now(), after)) {
        const char* how[] = {"became ", "arrived ", "remained "};
        made.push_back(how[static_cast<int>(one.how)] + names(a.all(), {one.package})[0]);
    }
    return made;
}

using all_of = std::vector<std::string>;

/// The verdicts, by what people call the packages.
std::vector<std::string> verdicts(const universe& all, const installability& now) {
    std::vector<std::string> made;
    for (const auto p : now.packages()) {
        const auto k = all.key(p);
        made.push_back(k.name + ":" + k.architecture + " " + k.version + " " +
                       (now.of(p) == verdict::installable ? "fine" : to_string(now.explain(p))));
    }
    std::sort(made.begin(), made.end());
    return made;
}

}  // namespace

TEST_CASE("changes: what needs a package that is taken away becomes broken, and all that needs it", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("suite 1", "Depends: app").has("lib 1").has("other 1", "Depends: lib | app");
    CHECK(worse(a, "lib", "") == all_of{"became app 1", "became other 1", "became suite 1"});
    CHECK(a.now().broken().empty());  // what is asked of a change changes nothing
}

TEST_CASE("changes: a newer version breaks what asks for the old one, and only that", "[qa]") {
    small_archive a;
    a.has("exact 1", "Depends: lib (= 1)").has("any 1", "Depends: lib").has("lib 1");
    CHECK(worse(a, "lib", test::stanza("lib 2")) == all_of{"became exact 1"});
}

TEST_CASE("changes: a package that another index still has is there until it is taken away there as well", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("lib 1").has("lib 1");
    CHECK(worse(a, "lib", "").empty());
    const auto lib = a.id("lib");
    const auto after = a.now().with(std::vector{lib, lib}, {});
    CHECK((after.of(lib) == verdict::absent && after.broken().size() == 1));
    const auto none = after.with(std::vector{lib}, {}).with({}, std::vector{lib});
    CHECK((none.of(lib) == verdict::installable && none.broken().empty()));
}

TEST_CASE("changes: what is new and broken arrived so, or remained so where no version of it was better", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: none").has("good 1");
    CHECK(worse(a, "app", test::stanza("app 2", "Depends: none")) == all_of{"remained app 2"});
    CHECK(worse(a, "good", test::stanza("good 2", "Depends: none")) == all_of{"arrived good 2"});
    CHECK(worse(a, "", test::stanza("new 1", "Depends: none")) == all_of{"arrived new 1"});
}

TEST_CASE("changes: what was broken is installable once what it lacked is there, and so is what needs it", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("suite 1", "Depends: app");
    const auto come = a.all().read(test::stanza("lib 1"))->packages;
    REQUIRE(a.now().broken().size() == 2);
    CHECK(a.now().with({}, come).broken().empty());
}

TEST_CASE("changes: a new package that breaks another keeps both installable, each without the other", "[qa]") {
    small_archive a;
    a.has("app 1").has("both 1", "Depends: app, lib").has("lib 1");
    CHECK(worse(a, "lib", test::stanza("lib 2", "Breaks: app")) == all_of{"became both 1"});
}

TEST_CASE("changes: the witness is a consistent set with the package first", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: x | y, z").has("x 1", "Conflicts: z").has("y 1").has("z 1").has("other 1");
    auto set = names(a.all(), a.now().witness(a.id("app")));
    REQUIRE(set.size() == 3);
    CHECK(set[0] == "app 1");
    std::sort(set.begin(), set.end());
    CHECK(set == all_of{"app 1", "y 1", "z 1"});
}

TEST_CASE("changes: after any changes the verdicts and reasons are those of a first check, in any order", "[qa]") {
    for (unsigned seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        dice d{seed};
        auto stanzas = test::random_stanzas(d, 24);
        universe changing{{"amd64", {"i386"}}};
        installability now{changing};
        std::vector<bool> there(stanzas.size());
        for (int step = 0; step < 12; ++step) {
            std::vector<package_id> gone, come;
            for (std::size_t i = 0; i < stanzas.size(); ++i) {
                if (d.below(4) != 0) continue;
                const auto read = changing.read(stanzas[i]);
                REQUIRE((read && read->packages.size() == 1));
                (there[i] ? gone : come).push_back(read->packages[0]);
                there[i] = !there[i];
            }
            now = now.with(gone, come);
            REQUIRE(now.holds_together());
            std::string all;
            for (std::size_t i = stanzas.size(); i-- > 0;)
                if (there[i]) all += stanzas[i];
            universe fresh{{"amd64", {"i386"}}};
            const auto first = installability{fresh}.with({}, fresh.read(all)->packages);
            REQUIRE(verdicts(changing, now) == verdicts(fresh, first));
        }
    }
}
