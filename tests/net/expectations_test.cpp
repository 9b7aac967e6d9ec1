#include <catch2/catch.hpp>
#include <deployments/units.hpp>

using namespace larder;
using net::pinning::expectations;

namespace {

/// Of as many packages as one may report, of which a generation knows none.
std::vector<deployments::installed_package> foreign_packages(std::size_t count) {
    std::vector<deployments::installed_package> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({"p" + std::to_string(i), "amd64", "1", false});
    return all;
}

}  // namespace

TEST_CASE("expectations: what reports come to is remembered, and forgotten before it is too much", "[net][units]") {
    expectations all;
    const deployments::expectation nothing;
    const auto generation = sha256("generation");
    const auto packages = foreign_packages(expectations::most_compared / 4);
    const auto compare = [&](int n) {
        const auto report = sha256("report " + std::to_string(n));
        CHECK(all.compare(generation, report, nothing, packages)->differences.size() == packages.size());
        CHECK(all.known(generation, report));
        return report;
    };
    const auto first = compare(1);
    compare(2);
    const auto third = compare(3);
    CHECK(all.known(generation, first));
    compare(3);  // the same again takes no more room
    CHECK(all.known(generation, first));
    compare(4);
    CHECK_FALSE(all.known(generation, first));
    CHECK_FALSE(all.known(generation, third));
}

TEST_CASE("expectations: a report of another generation is another one", "[net][units]") {
    expectations all;
    deployments::expectation has;
    index::listed_package one;
    one.name = "p0";
    one.version = "1";
    one.architecture = "amd64";
    has.add(one);
    const auto report = sha256("report");
    CHECK(all.compare(sha256("one"), report, {}, foreign_packages(1))->differences.size() == 1);
    CHECK_FALSE(all.known(sha256("two"), report));
    CHECK(all.compare(sha256("two"), report, has, foreign_packages(1))->differences.empty());
    CHECK(all.known(sha256("one"), report)->differences.size() == 1);
}

TEST_CASE("expectations: who waits sees each change that came since it looked", "[net][units]") {
    expectations all;
    const auto seen = all.changes();
    const std::stop_source stop;
    CHECK_FALSE(all.wait(seen, std::chrono::steady_clock::now(), stop.get_token()));
    all.changed();
    CHECK(all.wait(seen, std::chrono::steady_clock::now(), stop.get_token()));
    CHECK_FALSE(all.wait(all.changes(), std::chrono::steady_clock::now(), stop.get_token()));
}
