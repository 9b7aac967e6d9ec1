#include "made.hpp"
#include <catch2/catch.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/packages.hpp>

using namespace larder;
using namespace larder::debs;
using namespace larder::debs::test;

namespace {

const std::string path = "pool/main/h/hello/hello_2.10-3_amd64.deb";

std::string stanza_of(const std::string& control, const overrides& o = {}) {
    auto p = test::read(deb(control)).value();
    p.content = {};
    p.size = 5;
    return packages_stanza(p, path, o).value();
}

const std::string zeros(64, '0');

}  // namespace

TEST_CASE("stanza: the package's fields, and where it is", "[stanza]") {
    CHECK(stanza_of(hello_control) ==
          "Package: hello\nArchitecture: amd64\nVersion: 1:2.10-3\nMaintainer: Archive "
          "<archive@archive.example>\nFilename: " +
              path + "\nSize: 5\nSHA256: " + zeros + "\nDescription: a package\n with a long description\n");
}

TEST_CASE("stanza: the archive's section and priority stand in place of the package's", "[stanza]") {
    const overrides o{"net", "important", 30};
    const auto made = stanza_of(hello_control + "Section: misc\nPriority: optional\nSource: greetings\n", o);
    CHECK(made.find(
              "\nPriority: important\nSection: net\nSource: greetings\nPhased-Update-Percentage: 30\nMaintainer: ") !=
          std::string::npos);
    CHECK(made.find("misc") == std::string::npos);
    CHECK(stanza_of(hello_control, o).find("\nPriority: important\nSection: net\nPhased-Update-Percentage: 30\n") !=
          std::string::npos);
}

TEST_CASE("stanza: what a package says of its own hashes and places is not believed", "[stanza]") {
    const auto made = stanza_of(hello_control +
                                "sha1: x\nMD5sum: x\nSHA512: x\nSHA224: x\nSHA256: x\nSize: 7\nFilename: /etc/x\n"
                                "MSDOS-Filename: x\nStatus: install ok installed\n");
    CHECK(made == stanza_of(hello_control));
}

TEST_CASE("stanza: the reader of indices finds in it what was read", "[stanza]") {
    const auto p = test::read(deb(hello_control + "Source: greetings (3)\nUnknown: kept\n")).value();
    const auto text = packages_stanza(p, path).value();
    CHECK(text.ends_with("\nUnknown: kept\n"));
    const auto source = index::memory_source(text);
    std::vector<index::listed_package> found;
    CHECK(index::read_packages(index::index_kind::packages, *source, [&](auto&& one) {
              found.push_back(one);
          }).value() == 0);
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == p.name);
    CHECK(found[0].version == p.version);
    CHECK(found[0].architecture == p.architecture);
    CHECK(found[0].source == "greetings");
    CHECK(found[0].path == path);
    CHECK(found[0].content == p.content);
    CHECK(found[0].size == p.size);
}

TEST_CASE("stanza: an override or a path that breaks its line is refused", "[stanza]") {
    const auto p = test::read(deb()).value();
    CHECK(told(packages_stanza(p, "../x.deb")) != "read");
    CHECK(told(packages_stanza(p, "pool/x\nSHA256: y")) != "read");
    CHECK(told(packages_stanza(p, path, {"net\nDepends: evil", {}, {}})) ==
          "malformed: the Section 'net?Depends: evil' has a control character");
    CHECK(told(packages_stanza(p, path, {{}, " ", {}})) == "malformed: the Priority is empty");
    CHECK(told(packages_stanza(p, path, {{}, {}, 100})) == "read");
    CHECK(told(packages_stanza(p, path, {{}, {}, 101})) == "malformed: a Phased-Update-Percentage of 101: 0 to 100");
}

TEST_CASE("stanza: of a source, the .dsc is the first of its files, and SHA-256 the only hash", "[stanza]") {
    const std::string hash(64, 'a');
    const auto dsc = "Format: 1.0\nSource: hello\nVersion: 1:2-3\nMaintainer: A <a@archive.example>\nFiles:\n " +
                     std::string(32, '0') + " 5 hello_2.tar.gz\nChecksums-Sha256:\n " + hash +
                     " 5 hello_2.tar.gz\nX-Unknown: kept\n";
    const auto s = read_dsc(dsc, "x.dsc").value();
    CHECK(sources_stanza(s, "pool/main/h/hello", {"net", "optional", {}}).value() ==
          "Package: hello\nFormat: 1.0\nVersion: 1:2-3\nPriority: optional\nSection: net\nMaintainer: A "
          "<a@archive.example>\n"
          "Directory: pool/main/h/hello\nChecksums-Sha256:\n " +
              s.content.hex() + " " + std::to_string(dsc.size()) + " hello_2-3.dsc\n " + hash +
              " 5 hello_2.tar.gz\nX-Unknown: kept\n");
    CHECK(!sources_stanza(s, ".."));
    const auto text = sources_stanza(s, "pool/main/h/hello").value();
    const auto source = index::memory_source(text);
    std::vector<index::listed_package> found;
    CHECK(index::read_packages(index::index_kind::sources, *source, [&](auto&& one) {
              found.push_back(one);
          }).value() == 0);
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "pool/main/h/hello/hello_2-3.dsc");
    CHECK(found[0].content == s.content);
}

TEST_CASE("stanza: a field is changed, left out or put in its place, and the rest stays byte for byte", "[stanza]") {
    const std::string before =
        "Package: tool\nVersion:1.0\nInstalled-Size:  12 \nmaintainer: A <a@archive.example>\nDepends: a,\n  b\n"
        "Filename: pool/x\nMD5sum: 1\nSHA256: 2\nX-Odd: yes\nDescription: x\n .\n more\n";
    CHECK(change_stanza(before, {}).value() == before);
    CHECK(change_stanza(before, {{"Filename", "pool/main/t/tool_1.0_all.deb"}, {"md5sum", ""}, {"SHA1", ""}}).value() ==
          "Package: tool\nVersion:1.0\nInstalled-Size:  12 \nmaintainer: A <a@archive.example>\nDepends: a,\n  b\n"
          "Filename: pool/main/t/tool_1.0_all.deb\nSHA256: 2\nX-Odd: yes\nDescription: x\n .\n more\n");
    const auto put = change_stanza(before, {{"Section", "net"}, {"Phased-Update-Percentage", "20"}}).value();
    CHECK(put.find("\nVersion:1.0\nSection: net\nPhased-Update-Percentage: 20\nInstalled-Size:  12 \nmaintainer:") !=
          std::string::npos);
    CHECK(change_stanza(put, {{"Section", ""}, {"Phased-Update-Percentage", ""}}).value() == before);
}

TEST_CASE("stanza: a value that would be another field is refused", "[stanza]") {
    CHECK(told(change_stanza("Package: x\n", {{"Section", "net\nDepends: evil"}})) != "read");
    CHECK(told(change_stanza("no stanza", {})) != "read");
}
