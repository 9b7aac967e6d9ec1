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
    CHECK(r->all_is_in_each);
    CHECK(r->left_out == 0);
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

TEST_CASE("release: a strong hash and a date are required", "[index]") {
    malformed(head + "MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 x\n", "SHA256");
    malformed("SHA256:\n " + a + " 1 x\n", "no Date");
    malformed("Date: Sat, 11 Jul 2026 10:16:37 CEST\nSHA256:\n " + a + " 1 x\n", "Date");
    malformed(sha256_of(" " + a + " 1 x\n") + "Valid-Until: tomorrow\n", "Valid-Until");
    malformed("", "empty");
    CHECK(parse_release_text(sha256_of("")));
    const auto east = parse_release_text("Date: Sat, 11 Jul 2026 10:16:37 +0200\nSHA256:\n " + a + " 1 x\n");
    REQUIRE(east);
    CHECK(format_iso(east->date) == "2026-07-11T08:16:37Z");
}

TEST_CASE("release: of a field that stands twice the last counts, and only the first stanza is read", "[index]") {
    const auto r =
        parse_release_text(sha256_of(" " + a + " 1 x\n") + "Description: again\nsuite: other\n\nSuite: third\n");
    REQUIRE(r);
    CHECK(r->suite == "other");
    CHECK(r->files.size() == 1);
}

TEST_CASE("release: a flag is a number, a word for no, or yes", "[index]") {
    const auto by_hash = [](const std::string& value) {
        return parse_release_text("Date: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\nAcquire-By-Hash:" + value + "\n")
            ->acquire_by_hash;
    };
    for (const auto* yes : {" yes", " TRUE", " 1", " 01", " 0x1", " with", " force", " 2"}) CHECK(by_hash(yes));
    for (const auto* no : {" no", " False", " 0", " 00", " 0x0", " without", " disable", ""}) CHECK_FALSE(by_hash(no));
}

TEST_CASE("release: an entry that cannot be used is left out and counted, the others count", "[index]") {
    const auto without = [](const std::string& odd, const std::string& more = "") {
        CAPTURE(odd, more);
        const auto r = parse_release_text(sha256_of(" " + a + " 1 main/x\n" + odd) + more);
        REQUIRE(r);
        CHECK(r->left_out == 1);
        CHECK(r->files.size() == 1);
        CHECK(r->find("main/x"));
    };
    for (const auto* odd : {" 1 ../x\n", " 1 main/../../x\n", " 1 /etc/passwd\n", " 1 a\\b\n", " -1 x\n",
                            " 99999999999999999999 x\n", " 1\n", " 1 x y\n"})
        without(" " + a + odd);
    without(" " + a.substr(1) + " 1 x\n");
    without("", "SHA512:\n " + a + " 1 x\n");
}

TEST_CASE("release: one in which no entry can be used is malformed, and says where", "[index]") {
    malformed(sha256_of(" " + a + " 1 ../x\n"), "line 14");
    malformed(sha256_of(" " + a + " 1 ../x\n"), "'..'");
    malformed(sha256_of(" " + a + " 1 /etc/passwd\n"), "absolute");
    malformed(sha256_of(" " + a + " 1 x y\n"), "HASH SIZE PATH");
    malformed(sha256_of(" " + a.substr(1) + " 1 x\n"), "SHA-256");
    malformed(head + "SHA512:\n " + a + " 1 x\n", "SHA-512");
    malformed(sha256_of(" " + a + " 1 x\n " + b + " 1 x\n"), "disagree");
}

TEST_CASE("release: lines about one path may repeat; where they disagree none of them counts", "[index]") {
    CHECK(parse_release_text(sha256_of(" " + a + " 1 x\n " + a + " 1 ./x\n"))->files.size() == 1);
    for (const auto& text : {sha256_of(" " + b + " 1 y\n " + a + " 1 x\n " + b + " 1 x\n " + a + " 1 x\n"),
                             sha256_of(" " + b + " 1 y\n " + a + " 1 x\n " + a + " 2 x\n"),
                             sha256_of(" " + b + " 1 y\n " + a + " 1 x\n") + "SHA512:\n " + c + " 2 x\n",
                             sha256_of(" " + b + " 1 y\n") + "SHA512:\n " + c + " 1 x\n " + d + " 1 x\n"}) {
        CAPTURE(text);
        const auto r = parse_release_text(text);
        REQUIRE(r);
        CHECK(r->files.size() == 1);
        CHECK(r->find("y"));
        CHECK(r->left_out == 1);
    }
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
    for (const auto* yes : {"jammy-updates", "jammy-updates/zed", "a/b", "a/b/c", "./", "/", "x/"})
        CHECK(matches_suite(r, yes));
    for (const auto* no : {"jammy", "jammy-updates/zed/x", "a", "/a/b", "", "zed/jammy-updates"})
        CHECK_FALSE(matches_suite(r, no));
    r.codename.clear();
    CHECK_FALSE(matches_suite(r, "/x"));
}

TEST_CASE("matches_suite: a Release with neither Suite nor Codename may be any suite's", "[index]") {
    for (const auto* any : {"jammy", "a/b", "./"}) CHECK(matches_suite(release{}, any));
}
