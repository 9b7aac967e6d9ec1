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

TEST_CASE("gate: a release stays below the next one and above the one before", "[qa][gate]") {
    promotion p;
    auto one = change(index::package_change::kind::upgraded, "nova-api");
    one.after = "2:28.0-1";
    p.changes = {one};
    CHECK(check_upgrades(p).text == "no release stands before or behind this one");
    p.neighbours = {{"cloud/folsom", true, {{"nova-api (amd64)", "2:27.0-1"}}},
                    {"cloud/havana", false, {{"nova-api (amd64)", "2:29.0-1"}}}};
    CHECK(check_upgrades(p).passed);
    CHECK(check_upgrades(p).check == "upgrades");
    p.neighbours[0].versions["nova-api (amd64)"] = "2:28.0-1";
    p.neighbours[1].versions["nova-api (amd64)"] = "2:28.0-1";
    CHECK(check_upgrades(p).passed);
}

TEST_CASE("gate: a release above the next one, or below the one before, is told by package", "[qa][gate]") {
    promotion p;
    auto one = change(index::package_change::kind::upgraded, "nova-api");
    one.after = "2:28.0-1";
    p.changes = {one};
    p.neighbours = {{"cloud/folsom", true, {{"nova-api (amd64)", "2:28.0-2"}}},
                    {"cloud/havana", false, {{"nova-api (amd64)", "2:27.9-1"}, {"other (amd64)", "0"}}}};
    const auto found = check_upgrades(p);
    CHECK_FALSE(found.passed);
    CHECK(found.text ==
          "nova-api (amd64) would be 2:28.0-1, above the 2:27.9-1 of cloud/havana, to which machines upgrade; nova-api "
          "(amd64) would be 2:28.0-1, below the 2:28.0-2 of cloud/folsom, from which machines upgrade");
}

TEST_CASE("gate: what leaves a release, or another architecture, stands in nobody's way", "[qa][gate]") {
    promotion p;
    auto one = change(index::package_change::kind::removed, "nova-api");
    one.after.clear();
    p.changes = {one};
    p.neighbours = {{"cloud/folsom", true, {{"nova-api (amd64)", "2:28.0-2"}}}};
    CHECK(check_upgrades(p).passed);
    one.after = "1.0";
    one.architecture = "arm64";
    p.changes = {one};
    CHECK(check_upgrades(p).passed);
}

TEST_CASE("gate: the one that is built in asks its four checks, in their order", "[qa][gate]") {
    std::size_t asked = 0;
    bool installable = true;
    built_in_gate gate{[&](const promotion&) -> result<finding> {
        ++asked;
        return finding{"installable", installable, "that it is told"};
    }};
    promotion p;
    CHECK(gate.judge(p)->size() == 3);
    CHECK(asked == 0);  // where nothing changes nothing becomes uninstallable
    p.changes = {change(index::package_change::kind::upgraded, "nova-api")};
    std::vector<std::string> checks;
    for (const auto& one : *gate.judge(p)) checks.push_back(one.check);
    CHECK(checks == std::vector<std::string>{"closed", "forwards", "upgrades", "installable"});
    CHECK(lets_through(*gate.judge(p)));
    installable = false;
    CHECK_FALSE(lets_through(*gate.judge(p)));
}

TEST_CASE("gate: a check that cannot be made is an error, and no answer", "[qa][gate]") {
    built_in_gate gate{[](const promotion&) -> result<finding> { return error{errc::absent, "the base is not here"}; }};
    promotion p;
    p.changes = {change(index::package_change::kind::added, "nova-api")};
    const auto asked = gate.judge(p);
    REQUIRE_FALSE(asked);
    CHECK(asked.error().code() == errc::absent);
}
