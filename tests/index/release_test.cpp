#include <catch2/catch.hpp>
#include <larder/base/text.hpp>
#include <larder/index/release_text.hpp>

using namespace larder;
using namespace larder::index;
using detail::parse_release_text;

namespace {

const std::string a(64, 'a'), b(64, 'b'), c(128, 'c'), d(128, 'D');
const std::string head =
    "Origin: Debian\nLabel: Debian\nSuite: oldstable\nVersion: 12.15\nCodename: bookworm\n"
    "Date: Sat, 11 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64\n arm64\n"
    "Components: main contrib\nNo-Support-for-Architecture-all: Packages\nDescription: Debian 12.15\n";

std::string sha256_of(const std::string& lines) { return head + "SHA256:\n" + lines; }

void malformed(const std::string& text, const std::string& says) {
    CAPTURE(text);
    const auto r = parse_release_text(text);
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::malformed);
    CHECK_THAT(r.error().detail(), Catch::Contains(says));
}

}  // namespace

TEST_CASE("release: its fields, and its files sorted and merged from both sections", "[index]") {
    const auto r = parse_release_text(sha256_of(" " + b + " 20 main/y\n " + a + "       7 main/x\n") +
                                      "MD5Sum:\n nonsense\nSHA512:\n " + c + " 7 main/x\n " + d + " 9 main/z\n");
    REQUIRE(r);
    CHECK(r->codename == "bookworm");
    CHECK(r->suite == "oldstable");
    CHECK(r->architectures == std::vector<std::string>{"all", "amd64", "arm64"});
    CHECK(r->components == std::vector<std::string>{"main", "contrib"});
    CHECK(r->acquire_by_hash);
    CHECK_FALSE(r->not_automatic);
    CHECK_FALSE(r->valid_until);
    CHECK(format_iso(r->date) == "2026-07-11T10:16:37Z");
    REQUIRE(r->files.size() == 3);
    CHECK(r->files[0].path == "main/x");
    CHECK(r->find("main/x")->sha256->hex() == a);
    CHECK(r->find("main/x")->sha512 == c);
    CHECK(r->find("main/y")->size == 20);
    CHECK(r->find("main/y")->sha512.empty());
    CHECK_FALSE(r->find("main/z")->sha256);
    CHECK(r->find("main/z")->sha512 == to_lower(d));
    CHECK_FALSE(r->find("main"));
    CHECK_FALSE(r->find("zzz"));
}

TEST_CASE("release: a strong hash, a date and one stanza are required", "[index]") {
    malformed(head + "MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 x\n", "SHA256");
    malformed("SHA256:\n " + a + " 1 x\n", "Date");
    malformed("Date: Sat, 11 Jul 2026 10:16:37 +0200\nSHA256:\n " + a + " 1 x\n", "Date");
    malformed(sha256_of(" " + a + " 1 x\n") + "Valid-Until: tomorrow\n", "Valid-Until");
    malformed(sha256_of(" " + a + " 1 x\n\nA: b\n"), "second stanza");
    malformed(sha256_of(" " + a + " 1 x\n") + "suite: other\n", "twice");
    malformed("", "empty");
    CHECK(parse_release_text(sha256_of("")));
}

TEST_CASE("release: a file is a hash, a size and a path inside the suite", "[index]") {
    malformed(sha256_of(" " + a + " 1 ../x\n"), "line 14");
    malformed(sha256_of(" " + a + " 1 main/../../x\n"), "'..'");
    malformed(sha256_of(" " + a + " 1 /etc/passwd\n"), "absolute");
    malformed(sha256_of(" " + a + " 1 a\\b\n"), "backslash");
    malformed(sha256_of(" " + a + " -1 x\n"), "HASH SIZE PATH");
    malformed(sha256_of(" " + a + " 99999999999999999999 x\n"), "HASH SIZE PATH");
    malformed(sha256_of(" " + a + " 1\n"), "HASH SIZE PATH");
    malformed(sha256_of(" " + a + " 1 x y\n"), "HASH SIZE PATH");
    malformed(sha256_of(" " + a.substr(1) + " 1 x\n"), "SHA-256");
    malformed(head + "SHA512:\n " + a + " 1 x\n", "SHA-512");
}

TEST_CASE("release: two lines about one path may repeat, not disagree", "[index]") {
    CHECK(parse_release_text(sha256_of(" " + a + " 1 x\n " + a + " 1 ./x\n"))->files.size() == 1);
    malformed(sha256_of(" " + a + " 1 x\n " + b + " 1 x\n"), "disagree");
    malformed(sha256_of(" " + a + " 1 x\n " + a + " 2 x\n"), "disagree");
    malformed(sha256_of(" " + a + " 1 x\n") + "SHA512:\n " + c + " 2 x\n", "disagree");
    malformed(head + "SHA512:\n " + c + " 1 x\n " + d + " 1 x\n", "disagree");
}

TEST_CASE("release: over the size that apt reads is too large", "[index]") {
    const auto text = sha256_of(" " + a + " 1 x\n") + "X-Fill: ";
    CHECK(parse_release_text(text + std::string(max_release_size - text.size(), 'x')));
    const auto r = parse_release_text(text + std::string(max_release_size - text.size() + 1, 'x'));
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::too_large);
}

TEST_CASE("matches_suite: codename, suite, what stands before the last slash, and flat ones", "[index]") {
    release r;
    r.codename = "jammy-updates";
    r.suite = "a/b";
    for (const auto* yes : {"jammy-updates", "jammy-updates/zed", "a/b", "a/b/c", "./", "x/"})
        CHECK(matches_suite(r, yes));
    for (const auto* no : {"jammy", "jammy-updates/zed/x", "a", "/a/b", "", "zed/jammy-updates"})
        CHECK_FALSE(matches_suite(r, no));
    CHECK_FALSE(matches_suite(release{}, ""));
    CHECK_FALSE(matches_suite(release{}, "/x"));
}
