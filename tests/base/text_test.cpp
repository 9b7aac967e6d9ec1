#include <catch2/catch.hpp>
#include <larder/base/text.hpp>

using namespace larder;

TEST_CASE("percent_decode: once, and never into a slash or a NUL", "[base]") {
    CHECK(*percent_decode("pool/g%2b%2B/a~b%7ec") == "pool/g++/a~b~c");
    CHECK(*percent_decode("%2525") == "%25");
    for (const auto* bad : {"a%2fb", "a%2Fb", "a%5cb", "a%00b", "a%", "a%2", "a%zz"}) CHECK_FALSE(percent_decode(bad));
}

TEST_CASE("clean_path: one form for every spelling, and no way out", "[base]") {
    CHECK(*clean_path("/a//b/./c/") == "a/b/c");
    for (const auto* bad : {"", "/", ".", "../a", "a/../b", "a/..", "a\\b", "a\nb", "a\x7f"})
        CHECK_FALSE(clean_path(bad));
    CHECK(*clean_path("a/..b/...") == "a/..b/...");
    CHECK_FALSE(clean_path(std::string(1001, 'x')));
}

TEST_CASE("percent_encode: what it writes decodes to the same", "[base]") {
    const std::string path = "pool/g++/a~b_1:2 %é.deb";
    CHECK(*percent_decode(percent_encode(path)) == path);
    CHECK(percent_encode("a b\r\n") == "a%20b%0d%0a");
}

TEST_CASE("split, words, trim: the edges", "[base]") {
    CHECK(split("a,,b", ',').size() == 3);
    CHECK(split("", ',').size() == 1);
    CHECK(words("  a\tb \n").size() == 2);
    CHECK(words(" \n").empty());
    CHECK(trim(" \t\r\n").empty());
    CHECK(iequals("Content-LENGTH", "content-length"));
    CHECK_FALSE(iequals("a", "ab"));
}

TEST_CASE("html_escape and printable: nothing of the markup or the line survives", "[base]") {
    CHECK(html_escape("<a href=\"x\">'&") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    CHECK(printable("a\r\nSet-Cookie: x") == "a??Set-Cookie: x");
    CHECK(printable("abcdef", 3) == "abc");
}

TEST_CASE("printable: valid UTF-8 whatever the bytes, and cut between two characters", "[base]") {
    CHECK(printable("caf\xe9.deb") == "caf\ufffd.deb");
    CHECK(printable("\u00e9\u00e9\u00e9", 5) == "\u00e9\u00e9");
    CHECK(printable("\u20ac\U0001f600", 6) == "\u20ac");
    CHECK(printable("\xe9\xe9", 5) == "\ufffd");
    CHECK(printable("a\u0080\u009bb\u00a0") == "a??b\u00a0");
    CHECK(printable("a\x7f\x1b[31m") == "a??[31m");
}

TEST_CASE("valid_utf8: what is UTF-8 stays, every other byte is replaced", "[base]") {
    for (const auto* good :
         {"", "a\n\x01", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"})
        CHECK(valid_utf8(good) == good);
    CHECK(valid_utf8("\xe9t\xe9") == "\ufffdt\ufffd");
    CHECK(valid_utf8("\xe2\x82") == "\ufffd\ufffd");
    // Longer than needed, a surrogate, above the last character, a byte that never occurs.
    for (const auto* bad :
         {"\xc0\xaf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
        CAPTURE(bad);
        std::string all;
        for (std::size_t i = 0; i < std::string_view{bad}.size(); ++i) all += "\ufffd";
        CHECK(valid_utf8(bad) == all);
    }
}
