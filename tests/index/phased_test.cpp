#include <catch2/catch.hpp>
#include <larder/index/phased.hpp>
#include <vector>

using namespace larder;
using namespace larder::index;

namespace {

std::vector<std::string> phased_in(const std::string& text, std::size_t piece = 0) {
    std::vector<std::string> all;
    const auto in = memory_source(text, piece);
    REQUIRE(read_phased(*in, [&](phased_package&& one) {
        all.push_back(one.name + ":" + one.architecture + " " + one.version + " " + std::to_string(one.percentage));
    }));
    return all;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("phased: only what less than all machines get, in pieces of any size", "[index]") {
    const auto piece = GENERATE(0U, 1U, 13U);
    const auto text =
        "Package: a\nVersion: 1\nArchitecture: amd64\nPhased-Update-Percentage: 30\n\n"
        "Package: b\nVersion: 1\nArchitecture: amd64\n\n"
        "Package: c\nVersion: 2\nArchitecture: all\nPhased-Update-Percentage: 100\n\n\n"
        "package:d\nVERSION : 1:3\narchitecture: all\nphased-update-percentage : 0\n";
    CHECK(phased_in(text, piece) == lines{"a:amd64 1 30", "d:all 1:3 0"});
}

TEST_CASE("phased: what is no number, or in a folded line, is not being phased in", "[index]") {
    CHECK(phased_in("Package: a\nVersion: 1\nPhased-Update-Percentage: ten\n").empty());
    CHECK(phased_in("Package: a\nVersion: 1\nPhased-Update-Percentage: 10%\n").empty());
    CHECK(phased_in("Package: a\nVersion: 1\nDescription: x\n Phased-Update-Percentage: 10\n").empty());
    CHECK(phased_in("Phased-Update-Percentage: 10\n\nPackage: a\nVersion: 1\n").empty());
}
