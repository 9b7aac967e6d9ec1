#include <catch2/catch.hpp>
#include <larder/index/claims.hpp>
#include <string>
#include <vector>

using namespace larder;
using namespace larder::index;

namespace {

const std::string a(64, 'a'), b(64, 'b');

struct claimed {
    std::vector<std::string> lines;
    result<scan_totals> totals = error{};
};

claimed read(index_kind kind, const std::string& text, std::string_view base = "", std::size_t piece = 0) {
    claimed out;
    const auto in = memory_source(text, piece);
    out.totals = scan(kind, *in, base, [&](std::string_view path, const digest& d, std::uint64_t size) {
        out.lines.push_back(std::string{path} + " " + d.hex().substr(0, 2) + " " +
                            (size == unknown_size ? "?" : std::to_string(size)));
    });
    return out;
}

/// An index of which nothing can be used.
void malformed(index_kind kind, const std::string& text, const std::string& says) {
    CAPTURE(text);
    const auto r = read(kind, text).totals;
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::malformed);
    CHECK_THAT(r.error().detail(), Catch::Contains(says));
}

std::string package(const std::string& filename, const std::string& hash = "SHA256: " + a + "\n") {
    return "Package: x\nSize: 12\nFilename: " + filename + "\n" + hash + "Description: y\n size: 1\n\n";
}

using lines = std::vector<std::string>;

/// `odd` between two sound stanzas: these count, and it is counted.
void skipped(const std::string& odd, const lines& named = {}) {
    CAPTURE(odd);
    const auto r = read(index_kind::packages, package("pool/a.deb") + odd + "\n" + package("pool/z.deb"));
    REQUIRE(r.totals);
    lines expected{"pool/a.deb aa 12"};
    expected.insert(expected.end(), named.begin(), named.end());
    expected.push_back("pool/z.deb aa 12");
    CHECK(r.lines == expected);
    CHECK(r.totals->stanzas == 3);
    CHECK(r.totals->claims == 2);
    CHECK(r.totals->skipped == 1);
    CHECK(r.totals->unsupported == 0);
}

}  // namespace

TEST_CASE("claims: the same whatever the pieces a Packages file is read in", "[index]") {
    const auto text = package("pool/a_1.deb") + "\n" + package("pool/b+c_1~2.deb", "sha256:" + b + "\nMD5sum: 0\n") +
                      "filename: ./pool//c.deb\r\nSHA256:\r\n " + a + "\r\nSIZE: 0\r\n";
    for (std::size_t piece = 0; piece < text.size(); ++piece) {
        const auto r = read(index_kind::packages, text, "", piece);
        REQUIRE(r.totals);
        CHECK(r.lines == lines{"pool/a_1.deb aa 12", "pool/b+c_1~2.deb bb 12", "pool/c.deb aa 0"});
        CHECK(r.totals->stanzas == 3);
        CHECK(r.totals->claims == 3);
    }
}

TEST_CASE("claims: names in a flat repository are below its folder", "[index]") {
    CHECK(read(index_kind::packages, package("./a.deb"), "flat/dir").lines == lines{"flat/dir/a.deb aa 12"});
    CHECK(read(index_kind::sources, "Directory: .\nChecksums-Sha256:\n " + a + " 3 x.dsc\n", "flat").lines ==
          lines{"flat/x.dsc aa 3"});
    CHECK(read(index_kind::sources, "Directory: .\nChecksums-Sha256:\n " + a + " 3 x.dsc\n").lines ==
          lines{"x.dsc aa 3"});
}

TEST_CASE("claims: one odd Packages stanza is skipped and counted, the others count", "[index]") {
    skipped(package("../a.deb"));
    skipped(package("pool/../../b.deb"));
    skipped(package("/b.deb"));
    skipped(package(""));
    skipped("Package: x\n");
    skipped("<html>\n");
}

TEST_CASE("claims: what an index names without a usable hash and size is handed on as named", "[index]") {
    const lines named{"pool/b.deb 00 ?"};
    skipped(package("pool/b.deb", ""), named);
    skipped(package("pool/b.deb", "SHA256: 12\n"), named);
    skipped(package("pool/b.deb", "SHA256:\n"), named);
    for (const auto* size : {"", "Size: 1x\n", "Size: -1\n", "Size: 18446744073709551615\n"})
        skipped("Filename: pool/b.deb\n" + std::string{size} + "SHA256: " + a + "\n", named);
}

TEST_CASE("claims: blanks before a colon, a field twice and a stray line are taken as apt takes them", "[index]") {
    const lines one{"pool/b.deb bb 7"};
    const std::string head = "Filename: pool/b.deb\n", sum = "SHA256: " + b + "\n";
    CHECK(read(index_kind::packages, head + "Size \t: 7\nSHA256 : " + b + "\n").lines == one);
    CHECK(read(index_kind::packages, "Filename: pool/a.deb\nSize: 1\n" + sum + head + "size: 7\n").lines == one);
    CHECK(read(index_kind::packages, head + "garbage\n folded\nSize: 7\n" + sum).lines == one);
    CHECK(read(index_kind::packages, " \n\n" + head + "Size: 7\n" + sum + "\n \n\n").lines == one);
}

TEST_CASE("claims: an index of which nothing can be used is malformed, and says why", "[index]") {
    malformed(index_kind::packages, "<html>\n<p>\n", "stanza 1 (line 1): no Filename");
    malformed(index_kind::packages, package("../a.deb") + package("/b.deb"), "'..'");
    malformed(index_kind::packages, package("a.deb", "MD5sum: 0\n"), "SHA256");
    malformed(index_kind::sha256sums, "<html>\n", "line 1");
    const auto empty = read(index_kind::packages, "\n\n").totals;
    REQUIRE(empty);
    CHECK(empty->stanzas == 0);
}

TEST_CASE("claims: an entry with only a SHA-512 is named and counted", "[index]") {
    const auto r = read(index_kind::packages, package("a.deb", "SHA512: " + a + a + "\n") + package("b.deb"));
    REQUIRE(r.totals);
    CHECK(r.lines == lines{"a.deb 00 ?", "b.deb aa 12"});
    CHECK(r.totals->unsupported == 1);
    CHECK(r.totals->skipped == 0);
    const auto s =
        read(index_kind::sources, "Directory: x\nChecksums-Sha512:\n " + a + a + " 1 y.dsc\n " + a + a + " 2 y.tar\n");
    REQUIRE(s.totals);
    CHECK(s.totals->unsupported == 2);
    CHECK(s.totals->claims == 0);
    CHECK(s.lines == lines{"x/y.dsc 00 ?", "x/y.tar 00 ?"});
}

TEST_CASE("claims: every file of a source package, whichever field comes first", "[index]") {
    const std::string sums = "Checksums-Sha256:\n " + a + " 3 x_1.dsc\n " + b + " 4 x_1.tar.xz\n";
    const std::string other = "Files:\n 00 3 x_1.dsc\nChecksums-Sha1:\n 00 3 x_1.dsc\n";
    for (const auto& text : {sums + other + "Directory: pool/x\n", "Directory: pool/x\n" + other + sums})
        CHECK(read(index_kind::sources, text).lines == lines{"pool/x/x_1.dsc aa 3", "pool/x/x_1.tar.xz bb 4"});
    malformed(index_kind::sources, sums, "Directory");
    malformed(index_kind::sources, "Directory: pool/x\n" + other, "Checksums-Sha256");
    malformed(index_kind::sources, "Directory: pool/x\nChecksums-Sha256:\n", "without files");
    malformed(index_kind::sources, "Directory: ../x\n" + sums, "'..'");
    malformed(index_kind::sources, "Directory: x\nChecksums-Sha256:\n " + a + " 1 y/z.dsc\n", "HASH SIZE NAME");
    malformed(index_kind::sources, "Directory: x\nChecksums-Sha256:\n " + a + " 1 ..\n", "no path");
    const auto r = read(index_kind::sources, "Directory: x\nChecksums-Sha256:\n " + a + " 1\n " + b + " 4 y.tar\n");
    REQUIRE(r.totals);
    CHECK(r.lines == lines{"x/y.tar bb 4"});
    CHECK(r.totals->skipped == 1);
}

TEST_CASE("claims: SHA256SUMS names files below its own folder, without sizes", "[index]") {
    const auto text = a + "  ./netboot/mini.iso\n" + b + " *cdrom/a b\n";
    CHECK(read(index_kind::sha256sums, text, "dists/x/images", 3).lines ==
          lines{"dists/x/images/netboot/mini.iso aa ?", "dists/x/images/cdrom/a b bb ?"});
    for (const auto& odd : {a + "  ../../x\n", "\\" + a + "  x\n", a + " \n"}) {
        CAPTURE(odd);
        const auto r = read(index_kind::sha256sums, odd + text);
        REQUIRE(r.totals);
        CHECK(r.totals->claims == 2);
        CHECK(r.totals->skipped == 1);
        malformed(index_kind::sha256sums, "\n" + odd, "line 2");
    }
    malformed(index_kind::sha256sums, std::string(64, 'g') + "  x\n", "line 1");
}

TEST_CASE("claims: of a pdiff index, the patches as they are fetched", "[index]") {
    const std::string patches = "SHA256-Current: " + a + " 9\nSHA256-Patches:\n " + a + " 5 T-1\n";
    CHECK(read(index_kind::pdiff_index, patches + "SHA256-Download:\n " + b + " 4 T-1.gz\n", "main/Packages.diff")
              .lines == lines{"main/Packages.diff/T-1.gz bb 4"});
    const auto old = read(index_kind::pdiff_index, patches);
    REQUIRE(old.totals);
    CHECK(old.lines.empty());
    CHECK(old.totals->unsupported == 1);
    malformed(index_kind::pdiff_index, "SHA1-Current: 1 2\n", "SHA256-Current");
    malformed(index_kind::pdiff_index, "SHA256-Download:\n " + b + " 4 ../T-1.gz\n", "'..'");
}

TEST_CASE("claims: a file that lists nothing is not scanned", "[index]") {
    const auto r = read(index_kind::none, "").totals;
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::unsupported);
}

TEST_CASE("kinds: by name, whatever the compression", "[index]") {
    CHECK(kind_of("main/binary-amd64/Packages.xz") == index_kind::packages);
    CHECK(kind_of("main/debian-installer/binary-amd64/Packages.gz") == index_kind::packages);
    CHECK(kind_of("Packages") == index_kind::packages);
    CHECK(kind_of("main/source/Sources.zst") == index_kind::sources);
    CHECK(kind_of("main/installer-amd64/20230607/images/SHA256SUMS") == index_kind::sha256sums);
    CHECK(kind_of("main/binary-amd64/Packages.diff/Index") == index_kind::pdiff_index);
    CHECK(kind_of("main/source/Sources.diff/Index") == index_kind::pdiff_index);
    for (const auto* none : {"main/Contents-amd64.gz", "Index", "x/Index", "main/i18n/Translation-en.bz2",
                             "Packages.xz.gz", "main/binary-amd64/MyPackages", "", "Release"})
        CHECK(kind_of(none) == index_kind::none);
    CHECK(compression_of("a.lzma") == compression::lzma);
    CHECK(compression_of("a.lz4") == compression::lz4);
    CHECK(compression_of("a") == compression::none);
    CHECK(without_compression("a/Packages.bz2") == "a/Packages");
    CHECK(without_compression("a/Packages") == "a/Packages");
}
