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

TEST_CASE("deb822: what is malformed says on which line", "[index]") {
    for (const auto* bad : {"A: 1\nB: 2\nb: 3\n", "A: 1\n\n x\n", "A: 1\nB: 2\nno field\n", "A: 1\nB: 2\n: x\n",
                            "A: 1\nB: 2\n#C: 3\n", "A: 1\nB: 2\nC D: 3\n", "A: 1\nB: 2\n-C: 3\n"}) {
        CAPTURE(bad);
        deb822_reader in{bad};
        stanza s;
        auto r = in.next(s);
        if (r) r = in.next(s);
        REQUIRE_FALSE(r);
        CHECK(r.error().code() == errc::malformed);
        CHECK_THAT(r.error().detail(), Catch::Contains("line 3"));
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
