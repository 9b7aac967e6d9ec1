#include "small_archive.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::qa;
using test::small_archive;

TEST_CASE("installability: a package that needs nothing is installable", "[qa]") {
    CHECK(small_archive{}.has("app 1").installs("app"));
}

TEST_CASE("installability: what a package depends on must be there, and be installable itself", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("early 1", "Pre-Depends: none").has("lib 1", "Depends: none");
    CHECK_FALSE(a.installs("app"));
    CHECK_FALSE(a.installs("early"));
    CHECK(a.why_not("app") == "app 1 needs lib: lib 1; lib 1 needs none, which nothing provides");
}

TEST_CASE("installability: Recommends, Suggests, Replaces and Essential decide nothing", "[qa]") {
    small_archive a;
    a.has("app 1", "Recommends: none\nSuggests: none\nEnhances: none\nReplaces: other").has("other 1");
    a.has("base 1", "Essential: yes\nDepends: none").has("pair 1", "Depends: app, other");
    CHECK((a.installs("app") && a.installs("pair")));
}

TEST_CASE("installability: each version relation takes what it says", "[qa]") {
    const auto takes = [](const std::string& asked, const std::string& version) {
        return small_archive{}.has("app 1", "Depends: lib (" + asked + ")").has("lib " + version).installs("app");
    };
    CHECK((takes("= 2", "2") && takes("= 2", "2-0") && !takes("= 2", "2-1")));
    CHECK((takes(">= 2", "2") && takes(">= 2", "2+b1") && !takes(">= 2", "2~rc1")));
    CHECK((takes("<= 2", "2") && !takes("<= 2", "2+b1")));
    CHECK((takes(">> 2", "1:0") && !takes(">> 2", "2")));
    CHECK((takes("<< 2", "2~rc1") && !takes("<< 2", "2")));
    CHECK((takes("< 2", "2") && takes("> 2", "2") && takes("2", "2")));
}

TEST_CASE("installability: one alternative is enough, and two needs may want different ones", "[qa]") {
    small_archive a;
    a.has("one 1", "Depends: none | lib").has("lib 1").has("other 1", "Conflicts: lib");
    a.has("two 1", "Depends: lib | other, other");
    CHECK((a.installs("one") && a.installs("two")));
}

TEST_CASE("installability: an older version does where the newest does not", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("lib 2", "Depends: none").has("lib 1");
    CHECK((a.installs("app") && a.installs("lib 1") && !a.installs("lib 2")));
}

TEST_CASE("installability: two versions of one package are not installed together", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: x (= 1), y").has("x 1").has("x 2").has("y 1", "Depends: x (= 2)");
    CHECK_FALSE(a.installs("app"));
    CHECK(a.why_not("app") ==
          "app 1 needs x (= 1): x 1; app 1 needs y: y 1; y 1 needs x (= 2): x 2; "
          "only one of x 2 and x 1 can be installed");
}

TEST_CASE("installability: Conflicts and Breaks hold in both directions, and by version", "[qa]") {
    for (const std::string field : {"Conflicts", "Breaks"}) {
        small_archive a;
        a.has("one 1", field + ": other").has("two 1", field + ": other (<< 1)").has("other 1");
        a.has("first 1", "Depends: one, other").has("second 1", "Depends: other, two");
        CHECK((!a.installs("first") && a.installs("second") && a.installs("one")));
        const std::string says = field == "Breaks" ? "breaks" : "conflicts with";
        CHECK(a.why_not("first") ==
              "first 1 needs one: one 1; first 1 needs other: other 1; one 1 " + says + " other: other 1");
    }
}

TEST_CASE("installability: what is provided fulfils, with a version only one that is provided", "[qa]") {
    small_archive a;
    a.has("mta 1", "Provides: mail, smtp (= 2)");
    a.has("any 1", "Depends: mail").has("versioned 1", "Depends: mail (>= 1)");
    a.has("exact 1", "Depends: smtp (>= 2)").has("more 1", "Depends: smtp (>> 2)");
    CHECK((a.installs("any") && a.installs("exact")));
    CHECK((!a.installs("versioned") && !a.installs("more")));
    CHECK(a.why_not("more") == "more 1 needs smtp (>> 2), which nothing provides: there is mta 1");
}

TEST_CASE("installability: Provides with another operator than = provides nothing", "[qa]") {
    CHECK_FALSE(small_archive{}.has("app 1", "Depends: v").has("x 1", "Provides: v (>= 1)").installs("app"));
}

TEST_CASE("installability: a conflict with a virtual package is one with whoever provides it, but not with oneself",
          "[qa]") {
    small_archive a;
    a.has("exim 1", "Provides: mta\nConflicts: mta").has("postfix 1", "Provides: mta\nConflicts: mta");
    a.has("old 1", "Conflicts: mta (<< 2)").has("both 1", "Depends: exim, postfix").has("fine 1", "Depends: exim, old");
    CHECK((a.installs("exim") && a.installs("postfix") && a.installs("fine")));
    CHECK_FALSE(a.installs("both"));
}

TEST_CASE("installability: a versioned conflict reaches what provides such a version", "[qa]") {
    small_archive a;
    a.has("new 1", "Provides: lib (= 1)").has("app 1", "Depends: new\nBreaks: lib (<< 2)");
    CHECK(a.why_not("app") == "app 1 needs new: new 1; app 1 breaks lib (<< 2): new 1");
}

TEST_CASE("installability: a package that conflicts with its own name means the others that provide it", "[qa]") {
    small_archive a;
    a.has("lib 1", "Conflicts: lib").has("other 1", "Provides: lib").has("both 1", "Depends: lib (= 1), other (= 1)");
    CHECK((a.installs("lib") && !a.installs("both")));
}

TEST_CASE("installability: a package may fulfil its own need with what it provides", "[qa]") {
    CHECK(small_archive{}.has("app 1", "Provides: v\nDepends: v").installs("app"));
}

TEST_CASE("installability: a circle of needs is no obstacle", "[qa]") {
    small_archive a;
    a.has("a 1", "Depends: b").has("b 1", "Depends: c").has("c 1", "Depends: a (= 1)");
    CHECK((a.installs("a") && a.installs("b") && a.installs("c")));
}

TEST_CASE("installability: where the first choices clash, others are found", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: a | b, c | d, e | f");
    a.has("a 1", "Conflicts: c, d")
        .has("b 1", "Conflicts: c")
        .has("c 1")
        .has("d 1", "Conflicts: e")
        .has("e 1")
        .has("f 1");
    CHECK(a.installs("app"));
    small_archive clash;
    clash.has("app 1", "Depends: a | b, c | d").has("a 1", "Conflicts: c, d").has("b 1", "Conflicts: c, d");
    clash.has("c 1").has("d 1");
    CHECK_FALSE(clash.installs("app"));
    CHECK(clash.now().explain(clash.id("app")).reasons.size() == 6);
}

TEST_CASE("installability: packages of another architecture than the machines' do not count", "[qa]") {
    small_archive a;
    const auto read = a.read(test::stanza("lib:arm64 1") + test::stanza("app 1", "Depends: lib"));
    CHECK((read.foreign == 1 && read.packages.size() == 1));
    CHECK_FALSE(a.installs("app"));
}

TEST_CASE("installability: Architecture: all counts as native", "[qa]") {
    small_archive a{{"i386"}};
    a.has("app 1", "Depends: data").has("data:all 1", "Depends: lib").has("lib 1").has("old:i386 1", "Depends: data");
    a.has("script:all 1", "Depends: only").has("only:i386 1");
    CHECK((a.installs("app") && !a.installs("old") && !a.installs("script")));
}

TEST_CASE("installability: a need is fulfilled from another architecture by Multi-Arch: foreign alone", "[qa]") {
    small_archive a{{"i386"}};
    a.has("plain 1").has("tool 1", "Multi-Arch: foreign\nProvides: v").has("interpreter 1", "Multi-Arch: allowed");
    a.has("x:i386 1", "Depends: plain").has("y:i386 1", "Depends: tool, v").has("z:i386 1", "Depends: interpreter");
    CHECK((!a.installs("x") && a.installs("y") && !a.installs("z")));
    CHECK(a.why_not("x") == "x:i386 1 needs plain, which nothing provides: there is plain:amd64 1");
}

TEST_CASE("installability: :any takes Multi-Arch: allowed of each architecture, and nothing else", "[qa]") {
    small_archive a{{"i386"}};
    a.has("plain 1").has("tool 1", "Multi-Arch: foreign").has("interpreter 1", "Multi-Arch: allowed\nProvides: v");
    a.has("a:i386 1", "Depends: interpreter:any (>= 1)")
        .has("b 1", "Depends: interpreter:any")
        .has("c 1", "Depends: v:any");
    a.has("d 1", "Depends: plain:any").has("e 1", "Depends: tool:any");
    CHECK((a.installs("a") && a.installs("b") && a.installs("c")));
    CHECK((!a.installs("d") && !a.installs("e")));
}

TEST_CASE("installability: a named architecture takes just that one", "[qa]") {
    small_archive a{{"i386"}};
    a.has("lib:i386 1")
        .has("tool 1", "Multi-Arch: foreign")
        .has("w 1", "Depends: lib:i386")
        .has("x 1", "Depends: lib:amd64");
    a.has("y 1", "Depends: tool:i386").has("z 1", "Depends: lib:arm64");
    CHECK((a.installs("w") && !a.installs("x") && !a.installs("y") && !a.installs("z")));
}

TEST_CASE("installability: a provided name may be for a named architecture", "[qa]") {
    small_archive a{{"i386"}};
    a.has("cross 1", "Provides: libc:i386").has("x:i386 1", "Depends: libc").has("y 1", "Depends: libc");
    CHECK((a.installs("x") && !a.installs("y")));
}

TEST_CASE("installability: one package on two architectures takes Multi-Arch: same and one version", "[qa]") {
    const auto together = [](const std::string& version, const std::string& multi, const std::string& foreign) {
        small_archive a{{"i386"}};
        a.has("lib " + version, "Multi-Arch: " + multi).has("lib:i386 1", "Multi-Arch: " + foreign);
        return a.has("app 1", "Depends: lib:amd64, lib:i386").installs("app");
    };
    CHECK(together("1", "same", "same"));
    CHECK(together("1-0", "same", "same"));  // another way to write it
    CHECK_FALSE(together("1+b1", "same", "same"));
    CHECK_FALSE(together("1", "same", "no"));
    CHECK_FALSE(together("1", "foreign", "foreign"));
}

TEST_CASE("installability: Conflicts and Breaks mean every architecture unless one is named", "[qa]") {
    small_archive a{{"i386"}};
    a.has("lib:i386 1")
        .has("both 1", "Depends: lib:i386\nConflicts: lib")
        .has("named 1", "Depends: lib:i386\nBreaks: lib:amd64");
    a.has("any 1", "Depends: lib:i386\nBreaks: lib:any (<< 2)");
    CHECK((!a.installs("both") && a.installs("named") && !a.installs("any")));
}

TEST_CASE("installability: a Multi-Arch: same package does not conflict with itself on another architecture", "[qa]") {
    small_archive a{{"i386"}};
    const std::string fields = "Multi-Arch: same\nProvides: v\nConflicts: lib, v";
    a.has("lib 1", fields).has("lib:i386 1", fields).has("app 1", "Depends: lib, lib:i386");
    CHECK(a.installs("app"));
}

TEST_CASE("installability: what dpkg would refuse is left out and counted", "[qa]") {
    small_archive a;
    const auto read = a.read(test::stanza("a 1", "Depends: b c") + test::stanza("d one") + "Package: e\n\n" +
                             test::stanza("f 1", "Conflicts: g | h") + test::stanza("i 1", "Depends: j,, k,") +
                             test::stanza("Not_a~name 1"));
    CHECK(read.odd == 5);
    CHECK(read.first_odd == "line 1: Depends of a 1: 'b c' is no package's name");
    REQUIRE(read.packages.size() == 1);
    CHECK(a.all().key(read.packages[0]).name == "i");
}

TEST_CASE("installability: a text in pieces is read as a whole one, with its lines", "[qa]") {
    const auto text = test::stanza("a 1", "Depends: b") + test::stanza("b 1") + test::stanza("c one");
    for (const unsigned piece : {1U, 2U, 3U, 7U, 50U, 1000U}) {
        universe all{{"amd64", {}}};
        const auto source = index::memory_source(text, piece);
        const auto read = all.read(*source);
        REQUIRE(read);
        CHECK((read->packages.size() == 2 && read->first_odd.starts_with("line 10: Version of c one: ")));
    }
}

TEST_CASE("installability: a package that two indices have is one, unless its relations differ", "[qa]") {
    small_archive a;
    a.has("app 1", "Depends: lib").has("app 1", "Depends: lib").has("app 1", "Depends: none").has("lib 1");
    CHECK(a.all().size() == 3);
    CHECK(a.now().packages().size() == 3);
    CHECK(a.now().broken().size() == 1);
}

TEST_CASE("installability: a name that too many have is refused", "[qa]") {
    std::string text;
    for (int i = 0; i <= 10'000; ++i) text += test::stanza("p" + std::to_string(i) + " 1", "Provides: v");
    universe all{{"amd64", {}}};
    const auto read = all.read(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().detail() == "over 10,000 packages are or provide v");
}

TEST_CASE("installability: many packages of which only one can be there are all installable", "[qa]") {
    small_archive a;
    std::string text;
    for (int i = 0; i < 300; ++i) text += test::stanza("p" + std::to_string(i) + " 1", "Provides: v\nConflicts: v");
    a.read(text);
    CHECK(a.now().broken().empty());
}

TEST_CASE("installability: pigeons that do not fit into their holes are found out, or given up", "[qa]") {
    // n + 1 packages in n places, each place for one: exponentially hard for the search.
    const auto hole = [](unsigned holes) {
        small_archive a;
        std::string needs = "Depends: ";
        for (unsigned p = 0; p <= holes; ++p) {
            std::string choice;
            for (unsigned h = 0; h < holes; ++h) {
                const auto name = "p" + std::to_string(p) + "h" + std::to_string(h), place = "hole" + std::to_string(h);
                a.has(name + " 1", "Provides: " + place + "\nConflicts: " + place);
                choice += (h == 0 ? "" : " | ") + name;
            }
            needs += (p == 0 ? "" : ", ") + choice;
        }
        a.has("all 1", needs);
        return std::pair{a.now().of(a.id("all")), a.why_not("all")};
    };
    CHECK(hole(4).first == verdict::broken);
    const auto given_up = hole(12);
    CHECK(given_up.first == verdict::undecided);
    CHECK(given_up.second == "all 1: no answer was found within the limit of the search");
}
