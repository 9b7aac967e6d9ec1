#include "made.hpp"
#include <catch2/catch.hpp>
#include <larder/debs/source.hpp>

using namespace larder;
using namespace larder::debs;
using namespace larder::debs::test;

namespace {

const std::string orig = "hello_2.10.orig.tar.gz";
const std::string a_hash(64, 'a'), b_hash(64, 'b'), sha1(40, '0'), md5(32, '1');

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

const std::string dsc =
    "Format: 3.0 (quilt)\nSource: hello\nBinary: hello\nVersion: 1:2.10-3\n"
    "Maintainer: Archive <archive@archive.example>\nChecksums-Sha1:\n " +
    sha1 + " 5 hello_2.10.orig.tar.gz\n " + sha1 + " 6 hello_2.10-3.debian.tar.xz\nChecksums-Sha256:\n " + a_hash +
    " 5 hello_2.10.orig.tar.gz\n " + b_hash + " 6 hello_2.10-3.debian.tar.xz\nFiles:\n " + md5 +
    " 6 hello_2.10-3.debian.tar.xz\n " + md5 + " 5 hello_2.10.orig.tar.gz\n";

const std::string upload =
    "Format: 1.8\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSource: hello\nBinary: hello\n"
    "Architecture: source amd64\nVersion: 1:2.10-3\nDistribution: staging\n"
    "Maintainer: Archive <archive@archive.example>\nChanges:\n hello (1:2.10-3) staging;\n .\n   * First.\n"
    "Checksums-Sha256:\n " +
    a_hash + " 900 hello_2.10-3.dsc\n " + b_hash + " 5000 hello_2.10-3_amd64.deb\nFiles:\n " + md5 +
    " 900 misc optional hello_2.10-3.dsc\n " + md5 + " 5000 net extra hello_2.10-3_amd64.deb\n";

std::string dsc_with(const std::string& what, const std::string& with) {
    return told(read_dsc(replaced(dsc, what, with), "x.dsc"));
}
std::string upload_with(const std::string& what, const std::string& with) {
    return told(read_changes(replaced(upload, what, with), "x.changes"));
}

const std::string signature = "-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n";
const std::string head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n";

}  // namespace

TEST_CASE("signed_part: what is signed comes out, without dash-escapes and blanks at line ends", "[source]") {
    CHECK(signed_part(head + "A: 1  \r\n- -----x\nB: 2\n" + signature + "\n\n").value() == "A: 1\n-----x\nB: 2\n");
    CHECK(signed_part("A: 1  \n").value() == "A: 1  \n");
    CHECK(signed_part("").value().empty());
}

TEST_CASE("signed_part: text around a signed block is refused", "[source]") {
    const auto whole = head + "A: 1\n" + signature;
    const auto odd = [](const std::string& text) { return told(signed_part(text)); };
    CHECK(odd(whole) == "read");
    CHECK(odd("\n" + whole) == "malformed: its clear signature is odd: text stands before it");
    CHECK(odd("B: 2\n" + whole) == "malformed: its clear signature is odd: text stands before it");
    CHECK(odd(whole + "B: 2\n") == "malformed: its clear signature is odd: text follows it");
    CHECK(odd(whole + whole) == "malformed: its clear signature is odd: text follows it");
    CHECK(odd(head + "A: 1\n") == "malformed: its clear signature is odd: no signature follows the text");
    CHECK(odd(head + "-A: 1\n" + signature) ==
          "malformed: its clear signature is odd: a line that begins with a dash and is not escaped");
    CHECK(odd(replaced(whole, "Hash:", "Source:")) ==
          "malformed: its clear signature is odd: a header other than Hash");
    CHECK(odd("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n") ==
          "malformed: its clear signature is odd: it ends in its headers");
    CHECK(odd(replaced(whole, "-----END PGP SIGNATURE-----", "")) ==
          "malformed: its clear signature is odd: the signature does not end");
    CHECK(odd(replaced(whole, "iQ==", head)) == "malformed: its clear signature is odd: something else begins in it");
}

TEST_CASE("dsc: its files and its own hash, signature and all", "[source]") {
    const auto bytes = head + dsc + signature;
    const auto s = read_dsc(bytes, "hello_2.10-3.dsc").value();
    CHECK(s.control.text() == dsc);
    CHECK(s.name == "hello");
    CHECK(s.version == "1:2.10-3");
    CHECK(s.content == sha256(bytes));
    CHECK(s.size == bytes.size());
    REQUIRE(s.files.size() == 2);
    CHECK(s.files[0].name == "hello_2.10.orig.tar.gz");
    CHECK(s.files[0].content.hex() == a_hash);
    CHECK(s.files[1].size == 6);
}

TEST_CASE("dsc: what is missing or contradicts itself is refused", "[source]") {
    CHECK(dsc_with("Format", "Formal") == "read");
    CHECK(dsc_with("Source:", "Sauce:") == "malformed: x.dsc: it has no field Source");
    CHECK(dsc_with("Version:", "Aversion:") == "malformed: x.dsc: it has no field Version");
    CHECK(dsc_with("Maintainer:", "Retainer:") == "malformed: x.dsc: it has no field Maintainer");
    CHECK(dsc_with("Checksums-Sha256:", "Checksums-Sha3:") == "malformed: x.dsc: it has no field Checksums-Sha256");
    CHECK(dsc_with("Files:", "Feils:") == "read");
    CHECK(dsc_with("Checksums-Sha1:", "Checksums-Sha0:") == "read");
    CHECK(dsc_with("Source: hello", "Source: ../hello").find("is no package's name") != std::string::npos);
    CHECK(dsc_with("1:2.10-3", "1:2:10-3").find("a colon") != std::string::npos);
    CHECK(dsc_with(a_hash + " 5", a_hash + " 7") ==
          "malformed: x.dsc: Checksums-Sha1 has 'hello_2.10.orig.tar.gz' with another size than Checksums-Sha256");
    CHECK(dsc_with(md5 + " 5", md5 + " 7") ==
          "malformed: x.dsc: Files has 'hello_2.10.orig.tar.gz' with another size than Checksums-Sha256");
    CHECK(dsc_with(" " + md5 + " 6 hello_2.10-3.debian.tar.xz\n", "") ==
          "malformed: x.dsc: Files lacks 'hello_2.10-3.debian.tar.xz', which Checksums-Sha256 has");
    CHECK(dsc_with(md5 + " 6 hello_2.10-3.debian.tar.xz", md5 + " 5 hello_2.10.orig.tar.gz") ==
          "malformed: x.dsc: Files has 'hello_2.10.orig.tar.gz' once only, or not in Checksums-Sha256");
    CHECK(dsc_with(b_hash + " 6 hello_2.10-3.debian.tar.xz", b_hash + " 6 hello_2.10.orig.tar.gz") ==
          "malformed: x.dsc: Checksums-Sha256 has 'hello_2.10.orig.tar.gz' twice");
    for (const auto* line : {"", "x", "x 5 hello_x", "5 hello_x"})
        CHECK(dsc_with(a_hash + " 5 hello_2.10.orig.tar.gz\n " + b_hash, line + std::string{"\n "} + b_hash) != "read");
    CHECK(dsc_with(a_hash + " 5", a_hash + " -5").find("is no line of it") != std::string::npos);
}

TEST_CASE("dsc: it lists nothing that another package could own", "[source]") {
    const auto with = [](const std::string& name) {
        auto text = dsc;
        for (auto at = text.find(orig); at != std::string::npos; at = text.find(orig, at + name.size()))
            text.replace(at, orig.size(), name);
        return told(read_dsc(text, "x.dsc"));
    };
    CHECK(with("hello_2.10.orig.tar.bz2") == "read");
    CHECK(with("other_2.10.orig.tar.gz") ==
          "malformed: x.dsc: it lists 'other_2.10.orig.tar.gz', which does not begin with hello_");
    CHECK(with("../hello_2.10.orig.tar.gz").find("is no file's name") != std::string::npos);
    CHECK(with("hello_/x").find("is no file's name") != std::string::npos);
    CHECK(with("hello_2.10-3.dsc") == "malformed: x.dsc: it lists itself");
    CHECK(with("hello_2.10-3_amd64.deb") ==
          "malformed: x.dsc: it lists 'hello_2.10-3_amd64.deb', which is no part of a source package");
}

TEST_CASE("dsc: its size and its files have limits", "[source]") {
    auto many = dsc.substr(0, dsc.find("Checksums-Sha1:")) + "Checksums-Sha256:\n";
    for (int i = 0; i < 1000; ++i) many += " " + a_hash + " 1 hello_" + std::to_string(i) + "\n";
    CHECK(told(read_dsc(many, "x.dsc")) == "read");
    CHECK(told(read_dsc(many + " " + a_hash + " 1 hello_x\n", "x.dsc")) ==
          "too_large: x.dsc: Checksums-Sha256 lists over 1000 files");
    CHECK(told(read_dsc(dsc + "X: " + std::string(4U << 20, 'x'), "x.dsc")) ==
          "too_large: x.dsc: it has over 4194304 bytes");
}

TEST_CASE("changes: its files, what they are, and where they want to go", "[source]") {
    const auto c = read_changes(upload, "x.changes").value();
    CHECK(c.source.name == "hello");
    CHECK(c.source.version == "1:2.10-3");
    CHECK(c.version == "1:2.10-3");
    CHECK(c.architectures == std::vector<std::string>{"source", "amd64"});
    CHECK(c.distributions == std::vector<std::string>{"staging"});
    REQUIRE(c.files.size() == 2);
    CHECK(c.files[0].kind == file_kind::dsc);
    CHECK(c.files[1].kind == file_kind::deb);
    CHECK(c.files[1].name == "hello_2.10-3_amd64.deb");
    CHECK(c.files[1].content.hex() == b_hash);
    CHECK(c.files[1].size == 5000);
    CHECK(c.files[1].section == "net");
    CHECK(c.files[1].priority == "extra");
}

TEST_CASE("changes: a rebuild of a binary names the version of its source", "[source]") {
    auto text = replaced(upload, "Source: hello", "Source: hello (1:2.10-3)");
    text = replaced(text, "\nVersion: 1:2.10-3\n", "\nVersion: 1:2.10-3+b1\n");
    const auto c = read_changes(text, "x.changes").value();
    CHECK(c.source.version == "1:2.10-3");
    CHECK(c.version == "1:2.10-3+b1");
}

TEST_CASE("changes: what is missing or contradicts itself is refused", "[source]") {
    CHECK(upload_with("Format: 1.8\n", "") == "malformed: x.changes: it has no field Format");
    for (const std::string field :
         {"Source", "Architecture", "Version", "Distribution", "Maintainer", "Checksums-Sha256", "Files"})
        CHECK(upload_with("\n" + field + ":", "\nX-Other:") == "malformed: x.changes: it has no field " + field);
    CHECK(upload_with("Format: 1.8", "Format: 2.0") == "unsupported: x.changes: its Format is '2.0', not 1.x");
    CHECK(upload_with("900 misc optional", "901 misc optional").find("with another size") != std::string::npos);
    CHECK(upload_with(" " + md5 + " 900 misc optional hello_2.10-3.dsc\n", "").find("Files lacks 'hello_2.10-3.dsc'") !=
          std::string::npos);
    CHECK(upload_with("900 misc optional", "900 misc").find("is no line of it") != std::string::npos);
    CHECK(upload_with("Architecture: source amd64", "Architecture: amd64") ==
          "malformed: x.changes: it lists a .dsc, but its Architecture has no 'source'");
    CHECK(upload_with("Architecture: source amd64", "Architecture: source all") ==
          "malformed: x.changes: 'hello_2.10-3_amd64.deb' is for none of its Architecture: source all");
    auto text = replaced(upload, "hello_2.10-3.dsc", "hello_2.10-3.tar");
    CHECK(told(read_changes(replaced(text, "hello_2.10-3.dsc", "hello_2.10-3.tar"), "x.changes")) ==
          "malformed: x.changes: its Architecture has 'source', but it lists no .dsc");
    text = replaced(upload, "hello_2.10-3.dsc", "other.changes");
    CHECK(told(read_changes(replaced(text, "hello_2.10-3.dsc", "other.changes"), "x.changes"))
              .find("it lists another upload") != std::string::npos);
    text = replaced(upload, "hello_2.10-3.dsc", "../x.dsc");
    CHECK(told(read_changes(replaced(text, "hello_2.10-3.dsc", "../x.dsc"), "x.changes")).find("is no file's name") !=
          std::string::npos);
    CHECK(told(read_changes(head + upload + signature, "x.changes")).find("line 1: ") != std::string::npos);
}

TEST_CASE("buildinfo: what came out of a build", "[source]") {
    const auto text =
        "Format: 1.0\nSource: hello\nBinary: hello\nArchitecture: all amd64\nVersion: 1:2.10-3\nChecksums-Md5:\n " +
        md5 + " 7 hello_2.10-3_amd64.deb\nChecksums-Sha256:\n " + a_hash + " 7 hello_2.10-3_amd64.deb\n";
    const auto b = read_buildinfo(head + text + signature, "x.buildinfo").value();
    CHECK(b.source.name == "hello");
    CHECK(b.architectures == std::vector<std::string>{"all", "amd64"});
    REQUIRE(b.files.size() == 1);
    CHECK(b.files[0].content.hex() == a_hash);
    CHECK(told(read_buildinfo(replaced(text, "Source: hello", "Source: .."), "x.buildinfo")) != "read");
    CHECK(told(read_buildinfo(replaced(text, "Checksums-Sha256", "X"), "x.buildinfo")) ==
          "malformed: x.buildinfo: it has no field Checksums-Sha256");
}
