#include <catch2/catch.hpp>
#include <larder/qa/relation.hpp>

using namespace larder;
using namespace larder::qa;

namespace {

std::string read(std::string_view text) {
    const auto one = parse_alternative(text);
    if (!one) return "refused";
    return std::string{one->name} + "/" + std::string{one->architecture} + "/" + std::string{one->relation} + "/" +
           std::string{one->version};
}

}  // namespace

TEST_CASE("relation: a name, an architecture, an operator and a version", "[qa]") {
    CHECK(read("libc6") == "libc6///");
    CHECK(read("libc6:any") == "libc6/any//");
    CHECK(read("libc6:kfreebsd-i386 (>= 2:1.0~rc1-1+b1)") == "libc6/kfreebsd-i386/>=/2:1.0~rc1-1+b1");
    CHECK(read("libstdc++6(<<1)") == "libstdc++6//<</1");
    CHECK(read("a ( = 1 )") == "a//=/1");
}

TEST_CASE("relation: a version without an operator means just that one, as for dpkg", "[qa]") {
    CHECK(read("a (1)") == "a//=/1");
}

TEST_CASE("relation: what dpkg would refuse is refused", "[qa]") {
    for (const auto* odd :
         {"", "(>= 1)", "a b", "a:", ":any", "-a", "a (>= 1", "a >= 1)", "a (>= 1) b", "a ()", "a (>=)", "a (=> 1)",
          "a (== 1)", "a (>= 1 2)", "a [amd64]", "a <!nocheck>", "a, b", "a | b", "${x}"}) {
        CAPTURE(odd);
        CHECK(read(odd) == "refused");
    }
}

TEST_CASE("relation: a refusal quotes what it is about", "[qa]") {
    CHECK(parse_alternative("a b").error().detail() == "'a b' is no package's name");
    CHECK(parse_alternative("a (=> 1)").error().detail() == "'(=> 1)' asks for no version");
    CHECK(parse_alternative("a (= 1) b").error().detail() == "'a (= 1) b' does not end with its version");
}

TEST_CASE("relation: parts are trimmed, and empty ones seen", "[qa]") {
    std::vector<std::string> seen;
    each_part(" a ,\n b,,", ',', [&](std::string_view part) { seen.emplace_back(part); });
    CHECK(seen == std::vector<std::string>{"a", "b", "", ""});
}
