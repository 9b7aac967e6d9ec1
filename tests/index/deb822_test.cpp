#include <catch2/catch.hpp>
#include <larder/index/deb822.hpp>
#include <string>

using namespace larder;
using namespace larder::index;

TEST_CASE("deb822: stanzas, folded values and names of any case", "[index]") {
    deb822_reader in{"\n\nPackage: a\nDescription: short\n long\n .\n more\n\n\n\nPackage:b\r\nX-Y:\r\n 1\r\n\r\n"};
    stanza s;
    REQUIRE(*in.next(s));
    CHECK(s.line() == 3);
    CHECK(s.get("PACKAGE") == "a");
    CHECK(s.get("description") == "short\n long\n .\n more");
    CHECK(value_lines(s.get("Description")).size() == 4);
    CHECK_FALSE(s.find("Version"));
    REQUIRE(*in.next(s));
    CHECK(s.get("package") == "b");
    CHECK(s.get("x-y") == "1");
    CHECK_FALSE(*in.next(s));
    CHECK_FALSE(*in.next(s));
}

TEST_CASE("deb822: a line of blanks goes on with the field, as apt has it", "[index]") {
    deb822_reader in{"A: 1\n \nB: 2\n"};
    stanza s;
    REQUIRE(*in.next(s));
    CHECK(s.fields().size() == 2);
    CHECK(s.get("A") == "1");
}

TEST_CASE("deb822: of a field that stands twice the last counts, with what is folded below it", "[index]") {
    deb822_reader in{"A: 1\n one\nB: 2\na: 3\n three\n"};
    stanza s;
    REQUIRE(*in.next(s));
    CHECK(s.fields().size() == 2);
    CHECK(s.get("A") == "3\n three");
    CHECK(s.get("B") == "2");
}

TEST_CASE("deb822: blanks before the colon, as apt has it", "[index]") {
    deb822_reader in{"SHA256 \t: x\nC D: 3\n-E: 4\n#F: 5\n"};
    stanza s;
    REQUIRE(*in.next(s));
    CHECK(s.get("sha256") == "x");
    CHECK(s.get("C D") == "3");
    CHECK(s.get("-E") == "4");
    CHECK(s.get("#F") == "5");
}

TEST_CASE("deb822: a line that is no field is left out with what is folded below it", "[index]") {
    for (const auto* odd : {"A: 1\ngarbage\n folded\nB: 2\n", "A: 1\n: x\n y\nB: 2\n", " folded\nA: 1\nB: 2\n",
                            "A: 1\nB: 2\n\n folded\n", "garbage\n\nA: 1\nB: 2\n"}) {
        CAPTURE(odd);
        deb822_reader in{odd};
        stanza s;
        REQUIRE(*in.next(s));
        CHECK(s.fields().size() == 2);
        CHECK(s.get("A") == "1");
        CHECK(s.get("B") == "2");
        CHECK_FALSE(*in.next(s));
    }
}

TEST_CASE("deb822: comments only where the caller allows them, also inside a folded value", "[index]") {
    deb822_reader in{"# head\nURIs: http://a\n# one\nSuites: x\n y # no comment\n# two\n z\n", comments::allowed};
    stanza s;
    REQUIRE(*in.next(s));
    CHECK(s.fields().size() == 2);
    CHECK(value_words(s.get("Suites")) == std::vector<std::string_view>{"x", "y", "#", "no", "comment", "z"});
    CHECK(s.get("URIs") == "http://a");
}

TEST_CASE("deb822: too many fields, or one too large, is an error and not a slow machine", "[index]") {
    deb822_limits limits;
    limits.fields = 3;
    limits.field_bytes = 10;
    stanza s;
    CHECK(deb822_reader("A: 1\nB: 2\nC: 3\n", comments::refused, limits).next(s));
    const auto many = deb822_reader("A: 1\nB: 2\nC: 3\nD: 4\n", comments::refused, limits).next(s);
    REQUIRE_FALSE(many);
    CHECK(many.error().code() == errc::too_large);
    const auto large = deb822_reader("A: 1\n 2\n 3\n 4\n 5\n", comments::refused, limits).next(s);
    REQUIRE_FALSE(large);
    CHECK(large.error().code() == errc::too_large);
}
