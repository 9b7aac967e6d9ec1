#include <catch2/catch.hpp>
#include <cstdlib>
#include <larder/index/version.hpp>
#include <random>
#include <string>

using namespace larder;
using namespace larder::index;

namespace {

/// In this order; each smaller than the next.
const char* const ascending[] = {"0~~",
                                 "0~",
                                 "0",
                                 "0a",
                                 "0+",
                                 "0.0~",
                                 "0.0",
                                 "0.0a",
                                 "0.1",
                                 "0.10",
                                 "1.0~~",
                                 "1.0~~a",
                                 "1.0~",
                                 "1.0~bpo12",
                                 "1.0~rc1-1",
                                 "1.0~rc1-2",
                                 "1.0",
                                 "1.0-1~deb12u1",
                                 "1.0-1",
                                 "1.0-1A1",
                                 "1.0-1a",
                                 "1.0-1+b1",
                                 "1.0-1+deb12u2",
                                 "1.0-1.1",
                                 "1.0a-1",
                                 "1.0+dfsg-1",
                                 "1.0+git20200101-1",
                                 "1.0-2-1",
                                 "1.0.1-1",
                                 "1.1-99",
                                 "1.9-1",
                                 "1.10-1",
                                 "2-1",
                                 "10",
                                 "99999999999999999999999",
                                 "100000000000000000000000",
                                 "1:0",
                                 "1:0.1-1",
                                 "1:1:1",
                                 "2:0~",
                                 "2147483647:1"};

const std::pair<const char*, const char*> equal[] = {{"1.0", "1.00"},       {"1.0", "1.0-0"}, {"0:1.0", "1.0"},
                                                     {"01.0-001", "1.0-1"}, {"000:1", "1"},   {"1.a", "1.a0"}};

int ask_dpkg(const std::string& a, const char* relation, const std::string& b) {
    const auto command = "dpkg --compare-versions '" + a + "' " + relation + " '" + b + "' 2>/dev/null";
    return std::system(command.c_str());
}

}  // namespace

TEST_CASE("versions: an ascending list ascends, from every element to every other", "[index]") {
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            CAPTURE(ascending[i], ascending[j]);
            CHECK((compare_versions(ascending[i], ascending[j]) == (i <=> j)));
        }
    }
    for (const auto& [a, b] : equal) {
        CAPTURE(a, b);
        CHECK(std::is_eq(compare_versions(a, b)));
        CHECK(std::is_eq(compare_versions(b, a)));
    }
}

TEST_CASE("versions: dpkg orders the same list the same way", "[index]") {
    if (std::system("dpkg --version >/dev/null 2>&1") != 0) {
        WARN("skipped: no dpkg here");
        return;
    }
    for (std::size_t i = 1; i < std::size(ascending); ++i) {
        CAPTURE(ascending[i - 1], ascending[i]);
        CHECK(ask_dpkg(ascending[i - 1], "lt", ascending[i]) == 0);
    }
    for (const auto& [a, b] : equal) {
        CAPTURE(a, b);
        CHECK(ask_dpkg(a, "eq", b) == 0);
    }
}

TEST_CASE("versions: an order, whatever the text", "[index]") {
    std::mt19937 random{1};
    const std::string letters = "01129~~+-.:aZ\xff";
    const auto text = [&] {
        std::string out(random() % 7, ' ');
        for (auto& c : out) c = letters[random() % letters.size()];
        return out;
    };
    for (int i = 0; i < 50'000; ++i) {
        const auto a = text(), b = text(), c = text();
        const auto ab = compare_versions(a, b), bc = compare_versions(b, c);
        if (compare_versions(a, a) != 0 || (ab <=> 0) != (0 <=> compare_versions(b, a)) ||
            (ab <= 0 && bc <= 0 && compare_versions(a, c) > 0)) {
            CAPTURE(a, b, c);
            FAIL("no order");
        }
    }
}

TEST_CASE("check_version: takes what dpkg takes, and says why not", "[index]") {
    for (const auto* good :
         {"1", "0", "1.0-1", "1:1.0-1", "2147483647:1", "1-1-1", "1.0~rc1+dfsg-1~deb12u1", "1:1:1"}) {
        CAPTURE(good);
        CHECK(check_version(good));
    }
    for (const auto* bad : {"", "a", ":1", "x:1", "-1:1", "1 :1", "2147483648:1", "1:", "1-", "-1", "1:-1", "1_0",
                            "1.0-1:2_", "1.0-a/b", "1 0", "1.0\n", "v1.0", "1.0\xc3\xa9"}) {
        CAPTURE(bad);
        const auto r = check_version(bad);
        REQUIRE_FALSE(r);
        CHECK(r.error().code() == errc::malformed);
    }
}
