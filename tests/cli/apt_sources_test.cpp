#include <catch2/catch.hpp>
#include <larder/config/apt_sources.hpp>

using namespace larder;
using config::parse_deb822;
using config::parse_one_line;

namespace {
using texts = std::vector<std::string>;
}

TEST_CASE("apt sources: a line has type, options, URI, suite and components", "[cli][apt]") {
    const auto r = parse_one_line(
        "# comment\n"
        "\n"
        "deb http://a.example/debian bookworm main contrib # why\n"
        "deb-src\t[ arch=amd64,arm64 signed-by=/k.gpg,/l.gpg check-valid-until=no trusted=yes ]  "
        "http://a.example/debian  "
        "bookworm-updates main\n"
        "deb [arch+=i386 lang-=de] http://b.example/$(ARCH) ./\n",
        "l", "amd64");
    CHECK(r.notes.empty());
    REQUIRE(r.sources.size() == 3);
    const auto& a = r.sources[0];
    CHECK(a.where == "l:3");
    CHECK((a.binary && !a.source));
    CHECK(a.uri == "http://a.example/debian");
    CHECK(a.suites == texts{"bookworm"});
    CHECK(a.components == texts{"main", "contrib"});
    CHECK((a.architectures.empty() && a.signed_by.empty() && a.check_valid_until));
    const auto& b = r.sources[1];
    CHECK((b.source && !b.binary));
    CHECK(b.architectures == texts{"amd64", "arm64"});
    CHECK(b.signed_by == texts{"/k.gpg", "/l.gpg"});
    CHECK_FALSE(b.check_valid_until);
    const auto& c = r.sources[2];
    CHECK(c.uri == "http://b.example/amd64");
    CHECK(c.suites == texts{"./"});
    CHECK((c.components.empty() && c.architectures.empty()));
}

TEST_CASE("apt sources: what cannot be served is a note with its line", "[cli][apt]") {
    const auto r = parse_one_line(
        "deb cdrom:[Debian 12 _Bookworm_]/ bookworm main\n"
        "deb mirror+http://a.example/list bookworm main\n"
        "deb tor+https://a.example/debian bookworm main\n"
        "deb file:/srv/debian bookworm main\n"
        "deb ftp://me:secret@a.example/debian bookworm main\n"
        "rpm http://a.example/ bookworm main\n"
        "deb http://a.example/debian\n"
        "deb http://a.example/debian bookworm\n"
        "deb http://a.example/debian ./ main\n"
        "deb [arch=amd64 http://a.example/debian bookworm main\n"
        "deb\n",
        "l", "amd64");
    CHECK(r.sources.empty());
    CHECK(r.notes.size() == 11);
    CHECK(r.notes[0] == "l:1: 'cdrom:' is not http or https, which is all that Larder fetches; left out");
    CHECK(r.notes[6] == "l:7: the suite is missing; left out");
    for (const auto& note : r.notes) CHECK(note.find("secret") == std::string::npos);
}

TEST_CASE("apt sources: a stanza may have several types, URIs and suites", "[cli][apt]") {
    const auto r = parse_deb822(
        "# head\n"
        "Types: deb deb-src\n"
        "# between\n"
        "URIs: http://a.example/debian\n"
        " http://b.example/debian\n"
        "SUITES: bookworm bookworm-updates\n"
        "Components: main\n"
        " contrib\n"
        "Architectures: amd64 arm64\n"
        "Check-Valid-Until: no\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\n"
        "   \n"
        "Enabled: no\n"
        "Types: deb\n"
        "URIs: http://c.example/debian\n"
        "Suites: bookworm\n"
        "Components: main\n",
        "s", "amd64");
    CHECK(r.notes.empty());
    REQUIRE(r.sources.size() == 2);
    const auto& a = r.sources[0];
    CHECK(a.where == "s:2");
    CHECK((a.binary && a.source));
    CHECK(a.uri == "http://a.example/debian");
    CHECK(r.sources[1].uri == "http://b.example/debian");
    CHECK(a.suites == texts{"bookworm", "bookworm-updates"});
    CHECK(a.components == texts{"main", "contrib"});
    CHECK(a.architectures == texts{"amd64", "arm64"});
    CHECK(a.signed_by == texts{"/usr/share/keyrings/debian-archive-keyring.gpg"});
    CHECK_FALSE(a.check_valid_until);
}

TEST_CASE("apt sources: a key inside Signed-By loses its indentation", "[cli][apt]") {
    const auto r = parse_deb822(
        "Types: deb\r\nURIs: http://a.example/\r\nSuites: ./\r\nSigned-By:\r\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\r\n .\r\n mDMEYx\r\n -----END PGP PUBLIC KEY BLOCK-----\r\n",
        "s", "amd64");
    REQUIRE(r.sources.size() == 1);
    CHECK(r.sources[0].signed_by.empty());
    CHECK(r.sources[0].inline_key ==
          "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEYx\n-----END PGP PUBLIC KEY BLOCK-----\n");
}

TEST_CASE("apt sources: a word is decoded and loses its quotes, as apt does it", "[cli][apt]") {
    const auto r = parse_one_line(
        "deb [signed-by=/k%2Egpg] http://a.example/de%62ian/x%20y st%61ble \"main\" con%74rib 100%\n"
        "deb http://a.example/ \"no end main\n",
        "l", "amd64");
    REQUIRE(r.sources.size() == 1);
    const auto& a = r.sources[0];
    CHECK(a.signed_by == texts{"/k.gpg"});
    CHECK(a.uri == "http://a.example/debian/x%20y");  // a space cannot stand in a URI
    CHECK(a.suites == texts{"stable"});
    CHECK(a.components == texts{"main", "contrib", "100%"});
    CHECK(r.notes == texts{"l:2: the suite is missing; left out"});
}

TEST_CASE("apt sources: no is a word, or a number that is 0", "[cli][apt]") {
    const auto taken = [](const std::string& enabled) {
        return parse_deb822("Types: deb\nURIs: http://a.example/\nSuites: ./\nEnabled: " + enabled + "\n", "s", "amd64")
                   .sources.size() == 1;
    };
    for (const auto* no : {"no", "No", "FALSE", "off", "without", "disable", "0", "00", "0x0", "-0"}) {
        INFO(no);
        CHECK_FALSE(taken(no));
    }
    for (const auto* yes : {"yes", "true", "on", "1", "01", "0x1", "2", "0ad", "nope", ""}) {
        INFO(yes);
        CHECK(taken(yes));
    }
}

TEST_CASE("apt sources: a broken stanza is a note and the next one counts", "[cli][apt]") {
    const auto r = parse_deb822(
        "Types: rpm\nURIs: http://a.example/\nSuites: x\n\n"
        "Types: deb\nSuites: x\nComponents: main\n\n"
        "no field\n\n"
        "Types: deb\nURIs: http://a.example/\nSuites: x\nComponents: main\n",
        "s", "amd64");
    CHECK(r.sources.size() == 1);
    CHECK(r.notes == texts{"s:1: Types has neither deb nor deb-src; left out", "s:5: URIs is missing; left out",
                           "s:9: not 'Field: value'; left out"});
}

TEST_CASE("apt sources: apt's rule for names of parts", "[cli][apt]") {
    for (const auto* name : {"debian.list", "debian.sources", "a_b-C.1.list", "a:b.list"}) {
        INFO(name);
        CHECK(config::is_part(name, "list", "sources"));
    }
    for (const auto* name : {"debian.list.disabled", "debian.list~", ".list", ".hid.list", "list", "a b.list",
                             "debian.save", "a.List", ""}) {
        INFO(name);
        CHECK_FALSE(config::is_part(name, "list", "sources"));
    }
}

TEST_CASE("apt sources: what apt-config says is taken, the rest keeps its default", "[cli][apt]") {
    const auto s = config::parse_apt_config(
        "LARDER_LIST='/x/sources.list'\nLARDER_PARTS='/x/parts/"
        "'\nLARDER_PROXY='DIRECT'\nLARDER_VALID='false'\nodd\n='\n");
    CHECK(s.list == "/x/sources.list");
    CHECK(s.parts == "/x/parts/");
    CHECK(s.trusted == "/etc/apt/trusted.gpg");
    CHECK(s.proxy.empty());
    CHECK_FALSE(s.check_valid_until);
    CHECK(config::parse_apt_config("").check_valid_until);
}
