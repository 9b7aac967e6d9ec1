#include <algorithm>
#include <catch2/catch.hpp>
#include <larder/base/digest.hpp>
#include <larder/qa/gathering.hpp>
#include <random>

using namespace larder;
using namespace larder::qa;

namespace {

std::string package(const std::string& name, const std::string& version, const std::string& more = "") {
    return "Package: " + name + "\nVersion: " + version + "\nArchitecture: amd64\nFilename: pool/" + name + "_" +
           version + ".deb\nSize: 1\nSHA256: " + sha256(name + version).hex() + "\n" +
           (more.empty() ? "" : more + "\n") + "\n";
}

using lines = std::vector<std::string>;

struct world {
    package_pool own, beside, first, second;
    std::vector<offer> offers{{"a/one", &first}, {"a/two", &second}};

    world(const std::string& one, const std::string& two = {}, const std::string& there = {},
          const std::string& base = {}) {
        REQUIRE(first.add(one));
        REQUIRE(second.add(two));
        REQUIRE(own.add(there));
        REQUIRE(beside.add(base));
    }
    gathering gathered(const std::set<std::string>& names, named which = named::packages) const {
        std::set<std::string> unmatched;
        return gather(offers, {own, beside}, pick(offers, names, which, unmatched));
    }
    /// "library 2 of a/two: service needs library"
    lines told(const std::set<std::string>& names, named which = named::packages) const {
        const auto all = gathered(names, which);
        lines text;
        for (std::size_t i = 0; i < all.packages.size(); ++i) {
            const auto& one = all.packages[i];
            const auto why = chain_of(all, i);
            text.push_back(std::string{one.package->name} + " " + std::string{one.package->version} + " of " +
                           offers[one.from].name + (why.empty() ? "" : ": " + why));
        }
        for (const auto& one : all.missing) text.push_back("missing: " + one);
        return text;
    }
};

}  // namespace

TEST_CASE("gathering: each package is told for whose sake it comes, over all steps", "[qa]") {
    const world w{package("service", "2", "Depends: library (>= 2)") + package("library", "2", "Pre-Depends: deep") +
                  package("deep", "1") + package("other", "1")};
    CHECK(w.told({"service"}) == lines{"service 2 of a/one", "library 2 of a/one: service needs library (>= 2)",
                                       "deep 1 of a/one: service needs library (>= 2); library needs deep"});
}

TEST_CASE("gathering: what the place or what is beside it has does not come", "[qa]") {
    const auto service = package("service", "2", "Depends: library, base (>= 1)");
    const auto rest = package("library", "2") + package("base", "2");
    CHECK(world{service + rest, {}, package("library", "1"), package("base", "1")}.told({"service"}) ==
          lines{"service 2 of a/one"});
    // The place's own version is what its clients see, not the base's beside it.
    CHECK(world{service + rest, {}, package("library", "1") + package("base", "0"), package("base", "1")}
              .told({"service"})
              .size() == 2);
}

TEST_CASE("gathering: what is taken takes the place of what fulfilled a need, and the need is looked at again",
          "[qa]") {
    const world w{package("service", "2", "Depends: plugin, library (>= 2)") +
                      package("plugin", "2", "Depends: abi-1 | abi-2") + package("library", "2", "Provides: abi-2"),
                  {},
                  package("library", "1", "Provides: abi-1")};
    CHECK(w.told({"service"}) == lines{"service 2 of a/one", "plugin 2 of a/one: service needs plugin",
                                       "library 2 of a/one: service needs library (>= 2)"});
    const world late{package("first", "1", "Depends: abi-1 | abi-2") +
                         package("second", "1", "Depends: library (>= 2)") + package("library", "2") +
                         package("compat", "1", "Provides: abi-2"),
                     {},
                     package("library", "1", "Provides: abi-1")};
    CHECK(late.told({"first", "second"}) == lines{"first 1 of a/one", "second 1 of a/one",
                                                  "library 2 of a/one: second needs library (>= 2)",
                                                  "compat 1 of a/one: first needs abi-1 | abi-2"});
    const world broken{package("service", "2", "Depends: abi-1, library (>= 2)") + package("library", "2"),
                       {},
                       package("library", "1", "Provides: abi-1")};
    CHECK(broken.told({"service"}).back() ==
          "missing: service 2 of a/one needs abi-1, which no archive that is taken from has");
}

TEST_CASE("gathering: the first alternative, then the first archive, then the highest version, then a provider",
          "[qa]") {
    const auto needing = [](const std::string& what) { return package("service", "1", "Depends: " + what); };
    CHECK(world{needing("x | y") + package("y", "1"), package("x", "1")}.told({"service"})[1] ==
          "x 1 of a/two: service needs x | y");
    CHECK(world{needing("x") + package("x", "1"), package("x", "2")}.told({"service"})[1] ==
          "x 1 of a/one: service needs x");
    CHECK(world{needing("x") + package("x", "1") + package("x", "3") + package("x", "2")}.told({"service"})[1] ==
          "x 3 of a/one: service needs x");
    CHECK(world{needing("x") + package("a", "9", "Provides: x") + package("x", "1")}.told({"service"})[1] ==
          "x 1 of a/one: service needs x");
    CHECK(world{needing("x") + package("b", "9", "Provides: x") + package("a", "1", "Provides: x")}.told(
              {"service"})[1] == "a 1 of a/one: service needs x");
    // A versioned need is fulfilled by a versioned provision only.
    CHECK(world{needing("x (>= 2)") + package("a", "9", "Provides: x") + package("b", "1", "Provides: x (= 2)")}.told(
              {"service"})[1] == "b 1 of a/one: service needs x (>= 2)");
}

TEST_CASE("gathering: what nothing fulfils is told with what there is of that name", "[qa]") {
    const world w{package("service", "1", "Depends: x (>= 3) | y"), package("x", "2")};
    CHECK(w.gathered({"service"}).missing ==
          lines{"service 1 of a/one needs x (>= 3) | y, which no archive that is taken from has: there is x 2 in "
                "a/two"});
}

TEST_CASE("gathering: a package is taken in one version", "[qa]") {
    const world w{package("one", "1", "Depends: x (= 1)") + package("two", "1", "Depends: x (= 2)") +
                  package("x", "1") + package("x", "2")};
    const auto all = w.gathered({"one", "two"});
    REQUIRE(all.missing.size() == 1);
    CHECK(all.missing.front().find("two 1 of a/one needs x (= 2)") == 0);
    CHECK(all.missing.front().find("taken in one version only") != std::string::npos);
}

TEST_CASE("gathering: a name of another architecture is no package of this one", "[qa]") {
    CHECK(world{package("s", "1", "Depends: x:any") + package("x", "1")}.told({"s"}).size() == 2);
    CHECK(world{package("s", "1", "Depends: x:i386") + package("x", "1")}.gathered({"s"}).missing.size() == 1);
}

TEST_CASE("gathering: patterns name packages, or all that was built from a source", "[qa]") {
    const world w{
        package("nova-api", "1", "Source: nova") + package("nova-doc", "1", "Source: nova (2)") + package("novel", "1"),
        package("nova-api", "9", "Source: nova") + package("nova-extra", "1", "Source: nova") + package("nova", "1")};
    CHECK(w.told({"nova-*"}) == lines{"nova-api 1 of a/one", "nova-doc 1 of a/one", "nova-extra 1 of a/two"});
    // A source is of one archive.
    CHECK(w.told({"nova"}, named::sources) == lines{"nova-api 1 of a/one", "nova-doc 1 of a/one"});
    std::set<std::string> unmatched;
    pick(w.offers, {"nova", "cinder-*", "x?"}, named::packages, unmatched);
    CHECK(unmatched == std::set<std::string>{"cinder-*", "x?"});
}

TEST_CASE("gathering: the order in which indices have packages changes nothing", "[qa]") {
    std::mt19937 random{7};
    const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> all;
        for (unsigned i = 0; i < 25; ++i)
            for (unsigned version = 1; version <= 1 + below(3); ++version) {
                std::string depends;
                for (unsigned n = below(4); n > 0; --n) {
                    depends += depends.empty() ? "Depends: p" : ", p";
                    depends += std::to_string(below(25));
                    if (below(3) == 0) depends += " (>= " + std::to_string(1 + below(3)) + ")";
                    if (below(3) == 0) depends += " | virtual" + std::to_string(below(4));
                }
                if (below(3) == 0)
                    depends += (depends.empty() ? "" : "\n") + ("Provides: virtual" + std::to_string(below(4)));
                all.push_back(package("p" + std::to_string(i), std::to_string(version), depends));
            }
        const std::set<std::string> names{"p" + std::to_string(below(25)), "p1*"};
        enum class order { as_made, shuffled };
        const auto told = [&](order how) {
            // Which archive has which package stays; only the order within each is another.
            std::vector<std::string> parts[3];
            for (const auto& one : all) parts[sha256(one).hex().front() % 3].push_back(one);
            std::string texts[3];
            for (std::size_t i = 0; i < 3; ++i) {
                if (how == order::shuffled) std::shuffle(parts[i].begin(), parts[i].end(), random);
                for (const auto& one : parts[i]) texts[i] += one;
            }
            return world{texts[0], texts[1], texts[2]}.told(names);
        };
        const auto first = told(order::as_made);
        for (int i = 0; i < 3; ++i)
            if (told(order::shuffled) != first) FAIL("round " << round);
    }
    SUCCEED();
}
