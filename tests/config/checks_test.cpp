#include "checks.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::config;

namespace {

using row = std::pair<const char*, const char*>;

/// The one form of each value; "" where it must be refused.
void check_all(result<std::string> (*judge)(std::string_view), std::initializer_list<row> rows) {
    for (const auto& [in, out] : rows) {
        INFO(in);
        const auto r = judge(in);
        CHECK((r ? *r : std::string{}) == out);
        if (!r) {
            CHECK(r.error().code() == errc::bad_config);
            CHECK(r.error().detail().find('\n') == std::string::npos);
        }
    }
}

}  // namespace

TEST_CASE("config checks: a base URL has one form", "[config]") {
    check_all(check_url, {{"http://archive.example/debian", "http://archive.example/debian"},
                          {"HTTP://Archive.Example:80/Debian//", "http://archive.example/Debian"},
                          {"https://archive.example:443/", "https://archive.example"},
                          {"https://archive.example:80", "https://archive.example:80"},
                          {"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
                          {"http://[::1]:8080/x", "http://[::1]:8080/x"},
                          {"http://a.example/~me/x%20y", "http://a.example/~me/x%20y"},
                          {"ftp://a.example/", ""},
                          {"a.example/debian", ""},
                          {"http:///debian", ""},
                          {"http://", ""},
                          {"http://a b/", ""},
                          {"http://user:secret@a.example/", ""},
                          {"http://a.example:0/", ""},
                          {"http://a.example:70000/", ""},
                          {"http://a.example:/", ""},
                          {"http://127.1/", ""},
                          {"http://[::1/x", ""},
                          {"http://[1.2.3.4]/x", ""},
                          {"http://::1/x", ""},
                          {"http://-a.example/", ""},
                          {"http://a..example/", ""},
                          {"http://a.example/x?y", ""},
                          {"http://a.example/x#y", ""},
                          {"http://a.example?x", ""},
                          {"http://a.example/x y", ""},
                          {"http://a.example/../x", ""},
                          {"http://a.example/%2e%2e/x", ""},
                          {"http://a.example/%2f", ""},
                          {"http://a.example/%zz", ""},
                          {"http://a.example/\r\nHost: b", ""}});
}

TEST_CASE("config checks: a snapshot service has one {when} in its path", "[config]") {
    check_all(check_snapshot_url,
              {{"https://snapshot.archive.example/archive/debian/{when}",
                "https://snapshot.archive.example/archive/debian/{when}"},
               {"HTTP://Snapshot.Archive.Example:80/{when}/debian/", "http://snapshot.archive.example/{when}/debian"},
               {"https://snapshot.archive.example/debian", ""},
               {"https://snapshot.archive.example/{when}/{when}", ""},
               {"https://{when}.archive.example/debian", ""},
               {"https://user:secret@archive.example/{when}", ""},
               {"https://snapshot.archive.example/../{when}", ""},
               {"https://snapshot.archive.example/{when}?x", ""},
               {"", ""}});
}

TEST_CASE("config checks: a refused URL does not give its password away", "[config]") {
    const auto r = check_url("http://user:secret@a.example/");
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().detail().find("secret@") == std::string::npos);
    CHECK(check_proxy("http://127.0.0.1:1080/").value() == "http://127.0.0.1:1080");
}

TEST_CASE("config checks: an address to listen on is a literal with a port", "[config]") {
    check_all(check_listen, {{"127.0.0.1:3142", "127.0.0.1:3142"},
                             {"127.0.0.1:0", "127.0.0.1:0"},
                             {"*:3142", "*:3142"},
                             {"[::1]:3142", "[::1]:3142"},
                             {"[FE80::1]:1", "[fe80::1]:1"},
                             {"0.0.0.0:65535", "0.0.0.0:65535"},
                             {"127.0.0.1", ""},
                             {"127.0.0.1:", ""},
                             {"127.0.0.1:65536", ""},
                             {"127.0.0.1:-1", ""},
                             {"127.0.0.1:1x", ""},
                             {"localhost:3142", ""},
                             {"3142", ""},
                             {":3142", ""},
                             {"::1:3142", ""},
                             {"[::1]", ""},
                             {"[::1]3142", ""},
                             {"[::1", ""},
                             {"300.0.0.1:1", ""},
                             {"", ""}});
    check_all(check_host_port,
              {{"A.example:443", "a.example:443"}, {"a.example", ""}, {"a.example:0", ""}, {"*:443", ""}});
    check_all(check_host,
              {{"CDN.example", "cdn.example"}, {"cdn.example:8080", "cdn.example:8080"}, {"[::1]", "[::1]"}, {"", ""}});
}

TEST_CASE("config checks: a range of addresses has no bits beyond its prefix", "[config]") {
    check_all(check_cidr, {{"10.0.0.0/8", "10.0.0.0/8"},
                           {"10.1.2.3", "10.1.2.3/32"},
                           {"fd00::1", "fd00::1/128"},
                           {"FD12:3456::/32", "fd12:3456::/32"},
                           {"0.0.0.0/0", "0.0.0.0/0"},
                           {"192.168.128.0/17", "192.168.128.0/17"},
                           {"192.168.128.0/16", ""},
                           {"10.0.0.1/8", ""},
                           {"10.0.0.0/33", ""},
                           {"10.0.0.0/", ""},
                           {"fd00::/129", ""},
                           {"10.0.0/8", ""},
                           {"host/8", ""},
                           {"", ""}});
}

TEST_CASE("config checks: a suite may have slashes, but leads nowhere else", "[config]") {
    check_all(check_suite, {{"bookworm", "bookworm"},
                            {"jammy-updates/zed", "jammy-updates/zed"},
                            {"./", "./"},
                            {"/", "./"},
                            {"./amd64/", "amd64/"},
                            {"stable/", "stable/"},
                            {"../x", ""},
                            {"a/../b", ""},
                            {"a//b", ""},
                            {"/etc", ""},
                            {"..", ""},
                            {"a b", ""},
                            {"", ""}});
    check_all(check_component, {{"main", "main"},
                                {"updates/main", "updates/main"},
                                {"non-free-firmware", "non-free-firmware"},
                                {"../main", ""},
                                {"/main", ""},
                                {"main/", ""},
                                {"", ""}});
    check_all(check_architecture,
              {{"amd64", "amd64"}, {"kfreebsd-amd64", "kfreebsd-amd64"}, {"AMD64", ""}, {"a/b", ""}, {"", ""}});
}

TEST_CASE("config checks: an archive cannot take a path of the server's own", "[config]") {
    check_all(check_archive_name, {{"debian", "debian"},
                                   {"debian-security", "debian-security"},
                                   {"node_20.x", "node_20.x"},
                                   {"api", ""},
                                   {"API", ""},
                                   {"d", ""},
                                   {"HTTPS", ""},
                                   {"acng-report.html", ""},
                                   {"healthz", ""},
                                   {"..", ""},
                                   {".hidden", ""},
                                   {"-x", ""},
                                   {"a/b", ""},
                                   {"a b", ""},
                                   {"", ""}});
}

TEST_CASE("config checks: a token instead of its hash is refused and not repeated", "[config]") {
    const auto r = check_sha256("hunter2-the-token");
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().detail().find("hunter2") == std::string::npos);
    CHECK(check_sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").error().detail() ==
          "is the SHA-256 of an empty token, which nobody has to know; make one with larder token new");
    CHECK(check_sha256(std::string(64, 'A')).value() == std::string(64, 'a'));
}

TEST_CASE("config checks: a store is not the whole file system", "[config]") {
    check_all(check_store_path, {{"/srv/larder/", "/srv/larder"}, {"/", ""}, {"//", ""}, {"a", ""}});
}

TEST_CASE("config checks: a path is absolute, a socket's short", "[config]") {
    check_all(check_path, {{"/a/b", "/a/b"}, {"/a/", "/a"}, {"/", "/"}, {"a", ""}, {"", ""}, {"~/a", ""}});
    CHECK_FALSE(check_path(std::string{"/a\0b", 4}).has_value());
    CHECK(check_socket_path("").has_value());
    CHECK(check_socket_path("/" + std::string(106, 'x')).has_value());
    CHECK_FALSE(check_socket_path("/" + std::string(107, 'x')).has_value());
}
