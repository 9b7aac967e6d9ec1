#include <catch2/catch.hpp>
#include <larder/qa/closure.hpp>

using namespace larder;
using namespace larder::qa;

namespace {

std::string stanza(const std::string& name, const std::string& version, const std::string& more = "") {
    return "Package: " + name + "\nVersion: " + version + "\nArchitecture: amd64\nFilename: pool/" + name + "_" +
           version + ".deb\nSize: 10\nSHA256: " + sha256(name + version).hex() + "\n" + more + "\n";
}

std::vector<std::string> names_of(const closure& c) {
    std::vector<std::string> all;
    for (const auto* p : c.packages) all.push_back(std::string{p->name} + "=" + std::string{p->version});
    return all;
}

closure close_from(const std::string& text, const std::string& first) {
    static std::vector<std::unique_ptr<package_pool>> pools;  // entries are views into them
    pools.push_back(std::make_unique<package_pool>());
    auto& pool = *pools.back();
    REQUIRE(pool.add(text));
    const auto* one = pool.find({first, "", ""});
    REQUIRE(one != nullptr);
    return close_over(pool, {one});
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("closure: the highest version is taken, by Debian's order", "[qa]") {
    package_pool pool;
    REQUIRE(pool.add(stanza("a", "1.9") + stanza("a", "1.10") + stanza("a", "1.10~rc1")));
    CHECK(pool.find({"a", "", ""})->version == "1.10");
    CHECK(pool.find({"a", "<<", "1.10"})->version == "1.10~rc1");
    CHECK(pool.find({"a", "=", "1.9"})->version == "1.9");
    CHECK(pool.find({"a", ">>", "1.10"}) == nullptr);
    CHECK(pool.find({"b", "", ""}) == nullptr);
}

TEST_CASE("closure: dependencies of dependencies come along, once", "[qa]") {
    const auto c = close_from(stanza("a", "1", "Depends: b, c\n") + stanza("b", "1", "Pre-Depends: c (>= 1)\n") +
                                  stanza("c", "1", "Depends: a\n"),
                              "a");
    CHECK(names_of(c) == texts{"a=1", "b=1", "c=1"});
    CHECK(c.unresolved.empty());
}

TEST_CASE("closure: of alternatives the first that the archive has is taken", "[qa]") {
    const auto c =
        close_from(stanza("a", "1", "Depends: gone | b (>= 2) | c\n") + stanza("b", "1") + stanza("c", "1"), "a");
    CHECK(names_of(c) == texts{"a=1", "c=1"});
}

TEST_CASE("closure: a virtual package is provided by the first by name", "[qa]") {
    const auto c = close_from(stanza("a", "1", "Depends: mta\n") + stanza("postfix", "1", "Provides: mta\n") +
                                  stanza("exim", "1", "Provides: mta, other (= 3)\n"),
                              "a");
    CHECK(names_of(c) == texts{"a=1", "exim=1"});
}

TEST_CASE("closure: a provided package fits a version only with a version of its own", "[qa]") {
    const auto provider = stanza("p", "9", "Provides: plain, versioned (= 3)\n");
    CHECK(close_from(stanza("a", "1", "Depends: plain (>= 1)\n") + provider, "a").unresolved ==
          texts{"a 1 needs: plain (>= 1)"});
    CHECK(names_of(close_from(stanza("a", "1", "Depends: versioned (>= 2)\n") + provider, "a")) == texts{"a=1", "p=9"});
    CHECK(close_from(stanza("a", "1", "Depends: versioned (>= 4)\n") + provider, "a").unresolved.size() == 1);
}

TEST_CASE("closure: what the archive does not have is told with who needs it", "[qa]") {
    const auto c = close_from(stanza("a", "1", "Depends: b,\n none | nor-this,\n c:any (>> 0) [amd64]\n") +
                                  stanza("b", "1") + stanza("c", "1"),
                              "a");
    CHECK(names_of(c) == texts{"a=1", "b=1", "c=1"});
    CHECK(c.unresolved == texts{"a 1 needs: none | nor-this"});
}

TEST_CASE("closure: relations mean what dpkg takes them for", "[qa]") {
    const auto takes = [](const char* relation, const char* version) { return fits({"x", relation, "2"}, version); };
    CHECK(takes("", "1"));
    CHECK(takes("", ""));
    CHECK_FALSE(takes("=", ""));
    CHECK((takes("=", "2") && !takes("=", "2.0.1")));
    CHECK((takes("<<", "2~") && !takes("<<", "2")));
    CHECK((takes("<=", "2") && !takes("<=", "2+b1")));
    CHECK((takes(">=", "2") && !takes(">=", "2~")));
    CHECK((takes(">>", "1:0") && !takes(">>", "2")));
    CHECK((takes("<", "2") && takes(">", "2")));
    CHECK_FALSE(takes("~", "2"));
}

TEST_CASE("closure: odd groups are read as far as they go", "[qa]") {
    CHECK(parse_alternatives("a (>= 1").empty());
    CHECK(parse_alternatives("a (1)").at(0).relation == "=");
    CHECK(parse_alternatives("|").empty());
    const auto two = parse_alternatives(" a:any(>=1)[amd64 i386] <!nocheck> | b <cross> ");
    REQUIRE(two.size() == 2);
    CHECK((two[0].name == "a" && two[0].relation == ">=" && two[0].version == "1"));
    CHECK((two[1].name == "b" && two[1].relation.empty()));
}

TEST_CASE("closure: an index with nothing but odd stanzas is an error", "[qa]") {
    package_pool pool;
    CHECK(pool.add("Package: b\nSHA256: " + sha256("b").hex() + "\n").error().code() == errc::malformed);
    CHECK(pool.add("Package: b\nVersion: 1\nFilename: x\nSize: 1x\nSHA256: " + sha256("b").hex() + "\n")
              .error()
              .detail()
              .find("Size") != std::string::npos);
}

TEST_CASE("closure: an odd stanza takes no other away", "[qa]") {
    package_pool pool;
    REQUIRE(pool.add("Package: b\nVersion: 1\nFilename: x\nSize: 1x\nSHA256: " + sha256("b").hex() + "\n\n" +
                     stanza("a", "1")));
    CHECK(pool.find({"a", "", ""}) != nullptr);
    CHECK(pool.find({"b", "", ""}) == nullptr);
}
