#include <catch2/catch.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/packages.hpp>

using namespace larder;
using namespace larder::index;
using kind = package_change::kind;

namespace {

std::string stanza(const std::string& name, const std::string& version, const std::string& more = "",
                   const std::string& architecture = "amd64") {
    return "Package: " + name + "\nVersion: " + version + "\nArchitecture: " + architecture + "\nFilename: pool/" +
           name + "_" + version + ".deb\nSize: 10\nSHA256: " + sha256(name + version).hex() + "\n" + more + "\n";
}

std::vector<listed_package> read(const std::string& text, std::size_t piece = 0, index_kind of = index_kind::packages) {
    std::vector<listed_package> all;
    const auto in = memory_source(text, piece);
    REQUIRE(read_packages(of, *in, [&](listed_package&& one) { all.push_back(std::move(one)); }));
    return all;
}

std::vector<std::string> told(const std::string& before, const std::string& after) {
    std::vector<std::string> lines;
    for (const auto& c : compare(read(before), read(after)))
        lines.push_back(std::string{to_string(c.what)} + " " + c.name + ":" + c.architecture + " " + c.before + ">" +
                        c.after);
    return lines;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("packages: what a stanza says, in pieces of any size", "[index]") {
    const auto text = stanza("hello", "2.10-3", "Source: greetings (2.10)\nDescription: x\n Version: 7\n") +
                      "package:other\nVERSION : 1\n\n\n" + stanza("last", "1");
    const auto piece = GENERATE(0U, 1U, 7U, 100U);
    const auto all = read(text, piece);
    REQUIRE(all.size() == 3);
    CHECK(all[0].name == "hello");
    CHECK(all[0].version == "2.10-3");
    CHECK(all[0].architecture == "amd64");
    CHECK(all[0].source == "greetings");
    CHECK(all[0].path == "pool/hello_2.10-3.deb");
    CHECK(all[0].size == 10);
    CHECK(all[0].content == sha256("hello2.10-3"));
    CHECK((all[1].name == "other" && all[1].version == "1" && all[1].source == "other"));
    CHECK(all[1].content == no_usable_hash);
    CHECK(all[2].name == "last");
}

TEST_CASE("packages: a version that is only written otherwise goes neither up nor down", "[index]") {
    CHECK(told(stanza("a", "1.0"), stanza("a", "1.00")) == lines{"changed a:amd64 1.0>1.00"});
    CHECK(told(stanza("a", "1.00"), stanza("a", "1.0")) == lines{"changed a:amd64 1.00>1.0"});
}

TEST_CASE("packages: a stanza that names no package is left out and counted", "[index]") {
    const auto text = "Version: 1\n\n" + stanza("a", "1") + "Package: b\n\n";
    std::size_t seen = 0;
    const auto in = memory_source(text);
    CHECK(read_packages(index_kind::packages, *in, [&](listed_package&&) { ++seen; }).value() == 2);
    CHECK(seen == 1);
    const auto other = memory_source(text);
    CHECK(read_packages(index_kind::sha256sums, *other, [](listed_package&&) {}).error().code() == errc::unsupported);
}

TEST_CASE("packages: sources are packages of the architecture source", "[index]") {
    const auto all = read("Package: hello\nVersion: 2\nArchitecture: any\n\n", 0, index_kind::sources);
    REQUIRE(all.size() == 1);
    CHECK(all[0].architecture == "source");
}

TEST_CASE("compare: each kind of change, by Debian's order of versions", "[index]") {
    CHECK(told(stanza("a", "1.9") + stanza("b", "2") + stanza("c", "1") + stanza("d", "1") + stanza("same", "1"),
               stanza("a", "1.10") + stanza("b", "1:1") + stanza("c", "1~rc1") + stanza("e", "1") +
                   stanza("same", "1")) == lines{"upgraded a:amd64 1.9>1.10", "upgraded b:amd64 2>1:1",
                                                 "downgraded c:amd64 1>1~rc1", "removed d:amd64 1>",
                                                 "added e:amd64 >1"});
}

TEST_CASE("compare: the same version in another stanza is changed", "[index]") {
    CHECK(told(stanza("a", "1"), stanza("a", "1", "Phased-Update-Percentage: 10\n")) == lines{"changed a:amd64 1>1"});
    CHECK(told(stanza("a", "1"), stanza("a", "1")).empty());
}

TEST_CASE("compare: the last stanza is the same with and without the empty line behind it", "[index]") {
    auto without = stanza("a", "1");
    without.pop_back();
    CHECK(told(stanza("a", "1"), without).empty());
}

TEST_CASE("compare: several versions of a package are set against each other", "[index]") {
    CHECK(told(stanza("a", "1") + stanza("a", "2"), stanza("a", "2") + stanza("a", "3")) ==
          lines{"upgraded a:amd64 1>3"});
    CHECK(told(stanza("a", "1"), stanza("a", "1") + stanza("a", "2")) == lines{"added a:amd64 >2"});
    CHECK(told(stanza("a", "1") + stanza("a", "2") + stanza("a", "3"), stanza("a", "4")) ==
          lines{"upgraded a:amd64 3>4", "removed a:amd64 1>", "removed a:amd64 2>"});
}

TEST_CASE("compare: architectures are packages of their own, and what stands in two indices counts once", "[index]") {
    CHECK(told(stanza("a", "1", "", "all") + stanza("a", "1", "", "all"), stanza("a", "2", "", "all")) ==
          lines{"upgraded a:all 1>2"});
    CHECK(told(stanza("a", "1", "", "amd64"), stanza("a", "1", "", "arm64")) ==
          lines{"removed a:amd64 1>", "added a:arm64 >1"});
}

TEST_CASE("packages: a source package is known by its .dsc", "[index]") {
    const auto text =
        "Package: hello\nVersion: 1:2.10-3\nDirectory: pool/main/h/hello\nFiles:\n abc 1 hello.dsc\n"
        "Checksums-Sha256:\n " +
        sha256("tar").hex() + " 9 hello_2.10.orig.tar.gz\n " + sha256("dsc").hex() +
        " 7 hello_2.10-3.dsc\nFormat: 3.0 (quilt)\n\nPackage: bare\nVersion: 1\n";
    const auto all = read(text, 0, index_kind::sources);
    REQUIRE(all.size() == 2);
    CHECK((all[0].name == "hello" && all[0].version == "1:2.10-3" && all[0].architecture == "source"));
    CHECK(all[0].path == "pool/main/h/hello/hello_2.10-3.dsc");
    CHECK((all[0].content == sha256("dsc") && all[0].size == 7));
    CHECK((all[1].content == no_usable_hash && all[1].path.empty()));
}
