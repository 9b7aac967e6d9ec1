#include <catch2/catch.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/core/options.hpp>

using namespace larder;
using namespace larder::core;

namespace {

std::vector<known_archive> usual() {
    return {{"debian", {"http://deb.example/debian/", "https://mirror.example:8443/pub/debian"}},
            {"security", {"http://deb.example/debian-security"}},
            {"nested", {"http://deb.example/debian/nested"}},
            {"root", {"https://root.example"}}};
}

std::string found(const archive_table& t, url_scheme s, std::string_view host, std::uint16_t port,
                  std::string_view path) {
    const auto m = t.by_url(s, {host, port}, path);
    return m ? t.name(m->archive) + ":" + std::string{m->rest} : "nothing";
}

bool refused(const std::vector<known_archive>& archives) {
    const auto t = archive_table::make(archives);
    return !t && t.error().code() == errc::bad_config;
}

}  // namespace

TEST_CASE("archive_table: an URL belongs to the archive with the longest base", "[core][archive_table]") {
    const auto t = *archive_table::make(usual());
    constexpr auto http = url_scheme::http;
    CHECK(found(t, http, "deb.example", 0, "debian/dists/x") == "debian:dists/x");
    CHECK(found(t, http, "DEB.example", 80, "debian") == "debian:");
    CHECK(found(t, http, "deb.example", 0, "debian/nested/x") == "nested:x");
    CHECK(found(t, http, "deb.example", 0, "debian/nestedx/y") == "debian:nestedx/y");
    CHECK(found(t, http, "deb.example", 0, "debian-security/x") == "security:x");
    CHECK(found(t, http, "deb.example", 0, "debianx/y") == "nothing");
    CHECK(found(t, http, "deb.example", 0, "") == "nothing");
    CHECK(found(t, http, "deb.example", 8080, "debian/x") == "nothing");
    CHECK(found(t, http, "deb.example.evil.example", 0, "debian/x") == "nothing");
}

TEST_CASE("archive_table: an https base is found by its http URL and the other way round", "[core][archive_table]") {
    const auto t = *archive_table::make(usual());
    CHECK(found(t, url_scheme::http, "root.example", 0, "x") == "root:x");
    CHECK(found(t, url_scheme::https, "root.example", 0, "x") == "root:x");
    CHECK(found(t, url_scheme::https, "deb.example", 443, "debian/x") == "debian:x");
    CHECK(found(t, url_scheme::https, "mirror.example", 8443, "pub/debian/x") == "debian:x");
    CHECK(found(t, url_scheme::http, "mirror.example", 0, "pub/debian/x") == "nothing");
    CHECK(found(t, url_scheme::http, "root.example", 444, "x") == "nothing");
}

TEST_CASE("archive_table: names that cannot be a first path segment are refused", "[core][archive_table]") {
    for (const auto* name : {"", ".", "..", ".hidden", "a/b", "a b", "a%20b", "api", "API", "d", "snapshot", "keys",
                             "images", "metrics", "healthz", "HTTPS", "pages", "ä"}) {
        INFO(name);
        CHECK(refused({{name, {}}}));
    }
    CHECK(refused({{"a", {}}, {"a", {}}}));
    CHECK(archive_table::make(std::vector<known_archive>{{"a_b-c.d", {}}}));
}

TEST_CASE("archive_table: bases that are no URL are refused, with the archive's name", "[core][archive_table]") {
    for (const auto* base : {"", "deb.example/debian", "ftp://deb.example/", "http://deb.example/a/../b",
                             "http://deb.example/a%2fb", "http://deb.example/x?y"})
        CHECK(refused({{"a", {base}}}));
    const auto t = archive_table::make(std::vector<known_archive>{{"cloud", {"nonsense"}}});
    CHECK(t.error().detail().find("cloud") != std::string::npos);
}

TEST_CASE("archive_table: configured archives come first, with aliases, then the local ones", "[core][archive_table]") {
    options o;
    o.archives.resize(1);
    o.archives[0].name = "debian";
    o.archives[0].upstream = {"http://a.example/debian"};
    o.archives[0].aliases = {"http://b.example/debian"};
    const std::vector<std::string> local{"cloud-archive"};
    const auto t = *archive_table::make(o, local);
    CHECK(t.by_name("debian") == 0U);
    CHECK(t.by_name("cloud-archive") == 1U);
    CHECK_FALSE(t.by_name("Debian"));
    CHECK(found(t, url_scheme::http, "b.example", 0, "debian/x") == "debian:x");
    CHECK(t.knows_host("B.example"));
    CHECK_FALSE(t.knows_host("c.example"));
}
