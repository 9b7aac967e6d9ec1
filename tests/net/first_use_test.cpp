#include <catch2/catch.hpp>
#include <deployments/first_use.hpp>

using namespace larder;
using net::pinning::suite_of_release_file;

namespace {

core::archive_options with_suites(std::vector<std::string> suites) {
    core::archive_options o;
    o.name = "debian";
    o.suites = std::move(suites);
    return o;
}

}  // namespace

TEST_CASE("first use: a release file is one of a configured suite, or of none", "[net][deployments]") {
    const auto o = with_suites({"bookworm", "jammy-updates/zed", "x/"});
    CHECK(suite_of_release_file(o, "dists/bookworm/InRelease") == "bookworm");
    CHECK(suite_of_release_file(o, "dists/bookworm/Release") == "bookworm");
    CHECK(suite_of_release_file(o, "dists/bookworm/Release.gpg") == "bookworm");
    CHECK(suite_of_release_file(o, "dists/jammy-updates/zed/InRelease") == "jammy-updates/zed");
    CHECK(suite_of_release_file(o, "x/InRelease") == "x/");
    for (const auto* other : {"dists/trixie/InRelease", "dists/jammy-updates/InRelease", "dists/bookworm/zed/InRelease",
                              "dists/bookworm/main/binary-amd64/Packages", "dists/bookworm/main/binary-amd64/Release",
                              "bookworm/InRelease", "InRelease", "dists/bookworm/InRelease.asc", ""})
        CHECK_FALSE(suite_of_release_file(o, other));
}

TEST_CASE("first use: a flat archive's own release file is its suite's", "[net][deployments]") {
    CHECK(suite_of_release_file(with_suites({"./"}), "InRelease") == "./");
    CHECK_FALSE(suite_of_release_file(with_suites({}), "InRelease"));
}
