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

TEST_CASE("claims: one bad Packages stanza makes the whole malformed, and is named", "[index]") {
    const auto good = package("pool/a.deb");
    malformed(index_kind::packages, good + package("../a.deb"), "stanza 2 (line 8)");
    malformed(index_kind::packages, package("pool/../../a.deb"), "'..'");
    malformed(index_kind::packages, package("/a.deb"), "absolute");
    malformed(index_kind::packages, package(""), "Filename");
    malformed(index_kind::packages, package("a.deb", ""), "no SHA256");
    malformed(index_kind::packages, package("a.deb", "SHA256: 12\n"), "SHA-256");
    malformed(index_kind::packages, package("a.deb", "SHA256: " + a + "\nsha256: " + b + "\n"), "twice");
    malformed(index_kind::packages, "Filename: x\nSHA256: " + a + "\n", "Size");
    malformed(index_kind::packages, "Filename: x\nSize: 1x\nSHA256: " + a + "\n", "Size");
    malformed(index_kind::packages, "Filename: x\nSize: -1\nSHA256: " + a + "\n", "Size");
    malformed(index_kind::packages, good + " x\n", "line 8");
    malformed(index_kind::packages, good + "<html>\n", "line 8");
}

TEST_CASE("claims: an entry with only a SHA-512 is left out and counted", "[index]") {
    const auto r = read(index_kind::packages, package("a.deb", "SHA512: " + a + a + "\n") + package("b.deb"));
    REQUIRE(r.totals);
    CHECK(r.lines == lines{"b.deb aa 12"});
    CHECK(r.totals->unsupported == 1);
    const auto s =
        read(index_kind::sources, "Directory: x\nChecksums-Sha512:\n " + a + a + " 1 y.dsc\n " + a + a + " 2 y.tar\n");
    REQUIRE(s.totals);
    CHECK(s.totals->unsupported == 2);
    CHECK(s.lines.empty());
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
}

TEST_CASE("claims: SHA256SUMS names files below its own folder, without sizes", "[index]") {
    const auto text = a + "  ./netboot/mini.iso\n" + b + " *cdrom/a b\n";
    CHECK(read(index_kind::sha256sums, text, "dists/x/images", 3).lines ==
          lines{"dists/x/images/netboot/mini.iso aa ?", "dists/x/images/cdrom/a b bb ?"});
    malformed(index_kind::sha256sums, text + a + "  ../../x\n", "line 3");
    malformed(index_kind::sha256sums, text + "\\" + a + "  x\n", "line 3");
    malformed(index_kind::sha256sums, a + " \n", "line 1");
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
