#include <catch2/catch.hpp>
#include <larder/core/url.hpp>
#include <vector>

using namespace larder;
using namespace larder::core;

namespace {

url base() { return *parse_url("http://archive.example/debian/pool/a.deb"); }
std::string resolved(std::string_view location) {
    const auto r = resolve(base(), location);
    return r ? to_string(*r) : "error: " + std::string{to_string(r.error().code())};
}
bool allowed(std::string_view from, std::string_view to, const std::vector<std::string>& hosts = {}) {
    return redirect_allowed(*parse_url(from), *parse_url(to), hosts);
}

}  // namespace

TEST_CASE("url: the parts of an URL are normalised", "[core][url]") {
    const auto u = *parse_url("HTTP://Archive.Example:8080/Debian?x=%2f");
    CHECK(u.scheme == url_scheme::http);
    CHECK(u.host == "archive.example");
    CHECK(u.port == 8080);
    CHECK(u.path == "/Debian?x=%2f");
    CHECK(parse_url("https://a.example")->port == 443);
    CHECK(parse_url("https://a.example")->path == "/");
    CHECK(parse_url("http://a.example?q")->path == "/?q");
    CHECK(parse_url("http://[2001:DB8::1]:81/")->host == "2001:db8::1");
    CHECK(parse_url("http://a.example./")->host == "a.example");
    CHECK(to_string(*parse_url("http://[2001:db8::1]:81/x")) == "http://[2001:db8::1]:81/x");
    CHECK(to_string(*parse_url("http://a.example:80/x")) == "http://a.example/x");
}

TEST_CASE("url: what is no strict http URL is refused", "[core][url]") {
    for (const auto* text : {"",
                             "archive.example/debian",
                             "//archive.example/",
                             "ftp://a.example/",
                             "file:///etc/passwd",
                             "http:///x",
                             "http://",
                             "http://a b/",
                             "http://a.example:0/",
                             "http://a.example:65536/",
                             "http://a.example:/",
                             "http://a.example:8x/",
                             "http://a..b/",
                             "http://.a/",
                             "http://-a/",
                             "http://a.example/\r\nX: y",
                             "http://a.example/ä",
                             "http://a.example/a b",
                             "http://a.example\\@b.example/",
                             "http://a.example/\\x",
                             "http://a.example/#f",
                             "http://user@a.example/",
                             "http://user:pw@a.example/",
                             "http://[::1/",
                             "http://[1.2.3.4]/",
                             "http://::1/",
                             "http://[fe80::1%25eth0]/",
                             "http://127.1/",
                             "http://2130706433/",
                             "http://0x7f000001/",
                             "http://0177.0.0.1/",
                             "http://127.0.0.256/",
                             "http://1.2.3.4.5/",
                             "http://a.0x1/",
                             "javascript:alert(1)",
                             "http://a%2eexample/"}) {
        INFO(text);
        CHECK_FALSE(parse_url(text));
    }
}

TEST_CASE("url: credentials are taken only where they belong, and never shown", "[core][url]") {
    const auto u = parse_url("http://user:secret@a.example/x", credentials::allowed);
    REQUIRE(u);
    CHECK(u->userinfo == "user:secret");
    CHECK(to_string(*u) == "http://a.example/x");
    for (const auto* text : {"http://user:secret@a.example/x", "http://user:secret@a..b/", "user:secret@a.example",
                             "http://user:secret@a.example/ä"})
        for (const auto policy : {credentials::refused, credentials::allowed}) {
            const auto r = parse_url(text, policy);
            if (!r) CHECK(r.error().detail().find("secret") == std::string::npos);
        }
    CHECK_FALSE(parse_url("http://a@b@c.example/", credentials::allowed));
}

TEST_CASE("url: a file's path is encoded and joined with one slash", "[core][url]") {
    CHECK(join(*parse_url("http://a.example/debian"), "pool/main/g/g++ 1~2.deb") ==
          "http://a.example/debian/pool/main/g/g++%201~2.deb");
    CHECK(join(*parse_url("http://a.example/debian/"), "x") == "http://a.example/debian/x");
    CHECK(join(*parse_url("http://a.example"), "a%2fb?c#d") == "http://a.example/a%252fb%3fc%23d");
}

TEST_CASE("url: a Location is resolved against where it came from", "[core][url]") {
    CHECK(resolved("http://b.example/x/../y") == "http://b.example/y");
    CHECK(resolved("https://b.example") == "https://b.example/");
    CHECK(resolved("//b.example/y") == "http://b.example/y");
    CHECK(resolved("/y") == "http://archive.example/y");
    CHECK(resolved("b.deb") == "http://archive.example/debian/pool/b.deb");
    CHECK(resolved("./b.deb?x=1#frag") == "http://archive.example/debian/pool/b.deb?x=1");
    CHECK(resolved("../../../../b.deb") == "http://archive.example/b.deb");
    CHECK(resolved("/a/..") == "http://archive.example/");
    CHECK(resolved("/a/.") == "http://archive.example/a/");
    CHECK(resolved("?q=/../z") == "http://archive.example/debian/pool/a.deb?q=/../z");
    CHECK(resolved("x:8080/y").starts_with("error"));
    CHECK(resolved("file:///etc/passwd").starts_with("error"));
    CHECK(resolved("javascript:x").starts_with("error"));
    CHECK(resolved("http://u:p@b.example/") == "error: refused");
    CHECK(resolved("").starts_with("error"));
    CHECK(resolved("#x").starts_with("error"));
    CHECK(resolved("/a\r\nX: y").starts_with("error"));
    CHECK(resolved("////b.example/x").starts_with("error"));
}

TEST_CASE("url: a redirect stays on its host or goes to a listed one", "[core][url]") {
    CHECK(allowed("http://a.example/x", "http://a.example/y"));
    CHECK(allowed("http://a.example/x", "https://a.example/y"));
    CHECK(allowed("http://a.example:8080/x", "http://a.example:8080/y"));
    CHECK_FALSE(allowed("http://a.example/x", "http://a.example:6379/"));
    CHECK_FALSE(allowed("http://a.example/x", "http://b.example/y"));
    CHECK_FALSE(allowed("http://a.example/x", "http://sub.a.example/y"));
    CHECK(allowed("http://a.example/x", "http://b.example/y", {"b.example"}));
    CHECK_FALSE(allowed("http://a.example/x", "http://b.example:81/y", {"b.example"}));
    CHECK(allowed("http://a.example/x", "http://b.example:81/y", {"b.example:81"}));
}

TEST_CASE("url: a redirect never leads from https to http", "[core][url]") {
    CHECK_FALSE(allowed("https://a.example/x", "http://a.example/x"));
    CHECK_FALSE(allowed("https://a.example/x", "http://b.example/x", {"b.example"}));
    CHECK(allowed("https://a.example/x", "https://b.example/x", {"b.example"}));
}

TEST_CASE("url: credentials go to the same origin only", "[core][url]") {
    const auto a = *parse_url("https://a.example/x");
    CHECK(same_origin(a, *parse_url("https://A.example:443/y")));
    CHECK_FALSE(same_origin(a, *parse_url("http://a.example:443/y")));
    CHECK_FALSE(same_origin(a, *parse_url("https://a.example:444/y")));
    CHECK_FALSE(same_origin(a, *parse_url("https://b.example/y")));
}
