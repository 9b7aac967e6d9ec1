#include <catch2/catch.hpp>
#include <larder/base/digest.hpp>
#include <larder/qa/needs.hpp>

using namespace larder;
using namespace larder::qa;

namespace {

std::string package(const std::string& name, const std::string& version, const std::string& more = "") {
    return "Package: " + name + "\nVersion: " + version + "\nArchitecture: all\nFilename: pool/" + name + "_" +
           version + ".deb\nSize: 1\nSHA256: " + sha256(name + version).hex() + "\n" +
           (more.empty() ? "" : more + "\n") + "\n";
}

struct pools {
    package_pool present, offered;
    pools(const std::string& before, const std::string& after) {
        REQUIRE(present.add(before));
        REQUIRE(offered.add(after));
    }
    std::vector<std::string> needed(const std::string& name) const {
        std::vector<std::string> all;
        for (const auto* one : needed_too(present, offered, {offered.find({name, {}, {}})}))
            all.push_back(std::string{one->name} + " " + std::string{one->version});
        return all;
    }
};

std::vector<std::string> unmet(const std::string& text, const std::set<std::string>& names) {
    package_pool pool;
    REQUIRE(pool.add(text));
    return unmet_around(pool, names);
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("needs: what is there is not taken anew, what is not there is, and what that needs", "[qa]") {
    const pools p{package("service", "1") + package("base", "1"),
                  package("service", "2", "Depends: base, library (>= 2)") + package("base", "2") +
                      package("library", "2", "Pre-Depends: deep | other") + package("deep", "2")};
    CHECK(p.needed("service") == lines{"service 2", "library 2", "deep 2"});
}

TEST_CASE("needs: a present package that is replaced fulfils nothing any more", "[qa]") {
    const pools p{package("service", "1") + package("library", "1", "Provides: abi-1"),
                  package("service", "2", "Depends: library (= 2), abi-1") + package("library", "2") +
                      package("compat", "2", "Provides: abi-1")};
    CHECK(p.needed("service") == lines{"service 2", "library 2", "compat 2"});
}

TEST_CASE("needs: a later alternative that is there will do", "[qa]") {
    const pools p{package("exim", "1", "Provides: mail"),
                  package("cron", "2", "Depends: postfix | mail") + package("postfix", "2")};
    CHECK(p.needed("cron") == lines{"cron 2"});
}

TEST_CASE("needs: what a replaced package breaks is told, and nothing that has nothing to do with it", "[qa]") {
    const auto text = package("service", "1", "Depends: library (= 1)") + package("library", "2") +
                      package("odd", "1", "Depends: missing") +
                      package("new", "1", "Depends: library (>= 3) | missing") +
                      package("service", "0", "Depends: library (= 0)");
    CHECK(unmet(text, {"library"}) == lines{"new 1 needs: library (>= 3) | missing", "service 1 needs: library (= 1)"});
    CHECK(unmet(text, {"odd"}) == lines{"odd 1 needs: missing"});
    CHECK(unmet(text, {"elsewhere"}).empty());
}
