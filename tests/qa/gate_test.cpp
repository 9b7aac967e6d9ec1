#include <algorithm>
#include <catch2/catch.hpp>
#include <larder/qa/gate.hpp>

using namespace larder;
using namespace larder::qa;

namespace {

promoted_package package(const std::string& name, const std::string& source_version,
                         const std::string& architecture = "amd64", const std::string& source = "nova") {
    return {name, source_version, architecture, source, source_version};
}

index::package_change change(index::package_change::kind what, const std::string& name) {
    index::package_change made;
    made.what = what;
    made.name = name;
    made.architecture = "amd64";
    made.before = "2.0";
    made.after = "1.0";
    return made;
}

}  // namespace

TEST_CASE("gate: a source whose packages are all of one version is closed", "[qa][gate]") {
    promotion p;
    p.promoted = {package("nova", "2:28.0-1", "source"), package("nova-api", "2:28.0-1"),
                  package("python3-nova", "2:28.0-1", "all"), package("hello", "2.10-3", "amd64", "hello")};
    const auto found = check_closed(p);
    CHECK(found.passed);
    CHECK(found.check == "closed");
    CHECK(found.text == "2 sources, each with all that was built from it");
}

TEST_CASE("gate: a source of which an architecture lags behind is half promoted, and said which", "[qa][gate]") {
    promotion p;
    p.promoted = {package("nova-api", "2:28.0-1"), package("nova-api", "2:27.0-1", "arm64")};
    const auto found = check_closed(p);
    CHECK_FALSE(found.passed);
    CHECK(found.text == "nova-api 2:27.0-1 (arm64) is of nova 2:27.0-1, and others of that source are of 2:28.0-1");
    std::reverse(p.promoted.begin(), p.promoted.end());
    CHECK(check_closed(p).text == found.text);
}

TEST_CASE("gate: versions that are equal but written otherwise are one", "[qa][gate]") {
    promotion p;
    p.promoted = {package("nova-api", "1.0"), package("nova", "1.00", "source")};
    CHECK(check_closed(p).passed);
}

TEST_CASE("gate: a binary rebuild is of its source's version, whatever its own", "[qa][gate]") {
    promotion p;
    p.promoted = {package("nova-api", "1.0-1"), package("nova", "1.0-1", "source")};
    p.promoted[0].version = "1.0-1+b1";
    CHECK(check_closed(p).passed);
}

TEST_CASE("gate: nothing of the target goes to a lower version", "[qa][gate]") {
    using kind = index::package_change::kind;
    promotion p;
    p.changes = {change(kind::upgraded, "a"), change(kind::added, "b"), change(kind::removed, "c")};
    CHECK(check_forwards(p).passed);
    p.changes.push_back(change(kind::downgraded, "d"));
    const auto found = check_forwards(p);
    CHECK_FALSE(found.passed);
    CHECK(found.text == "d (amd64) would go from 2.0 down to 1.0");
}

TEST_CASE("gate: of very many troubles the first are told, and how many more there are", "[qa][gate]") {
    promotion p;
    for (int i = 0; i < 25; ++i)
        p.changes.push_back(
            change(index::package_change::kind::downgraded, std::string(1, static_cast<char>('a' + i))));
    const auto found = check_forwards(p);
    CHECK(found.text.find("j (amd64)") != std::string::npos);
    CHECK(found.text.find("k (amd64)") == std::string::npos);
    CHECK(found.text.ends_with("; and 15 more"));
}

TEST_CASE("gate: one finding that did not pass is a no", "[qa][gate]") {
    CHECK(lets_through({}));
    CHECK(lets_through({{"a", true, ""}, {"b", true, ""}}));
    CHECK_FALSE(lets_through({{"a", true, ""}, {"b", false, "why"}}));
}
