#include "made.hpp"
#include "pack.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::debs;
using namespace larder::debs::test;
using index::compression;

namespace {

const std::string at = "hello_2.10-3_amd64.deb: ";
const std::string format = "2.0\n";

std::string with_field(const std::string& field) { return hello_control + field + "\n"; }

/// hello_control without the line that begins so.
std::string without(const std::string& field) {
    const auto begin = hello_control.find(field + ":");
    return hello_control.substr(0, begin) + hello_control.substr(hello_control.find('\n', begin) + 1);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    return text.replace(text.find(what), what.size(), with);
}

}  // namespace

TEST_CASE("deb: what is in it comes out", "[deb]") {
    const auto bytes = deb(with_field("Source: greetings (2.10-2)"), {{"./usr/", "", '5'}, {"./usr/bin/hello", "x"}});
    const auto p = read(bytes).value();
    CHECK(p.control.text() == with_field("Source: greetings (2.10-2)"));
    CHECK(p.name == "hello");
    CHECK(p.version == "1:2.10-3");
    CHECK(p.architecture == "amd64");
    CHECK(p.source.name == "greetings");
    CHECK(p.source.version == "2.10-2");
    CHECK(p.content == sha256(bytes));
    CHECK(p.size == bytes.size());
    CHECK(p.files == std::vector<std::string>{"usr/bin/hello"});
    CHECK(read(deb()).value().source.name == "hello");
    CHECK(read(deb()).value().source.version == "1:2.10-3");
}

TEST_CASE("deb: in whatever pieces it comes, it is the same", "[deb]") {
    const auto bytes = packed_deb(compression::gz, ".gz", ".gz");
    for (const auto piece : {1U, 2U, 7U, 59U, 60U, 61U, 512U})
        CHECK(read(bytes, "hello.deb", {}, file_list::read, piece).value().content == sha256(bytes));
}

TEST_CASE("deb: each compression that dpkg takes is taken, and no other", "[deb]") {
    CHECK(told(read(packed_deb(compression::none, "", ""))) == "read");
    CHECK(told(read(packed_deb(compression::gz, ".gz", ".gz"))) == "read");
    CHECK(told(read(packed_deb(compression::xz, ".xz", ".xz"))) == "read");
    CHECK(told(read(packed_deb(compression::zst, ".zst", ".zst"))) == "read");
    for (const auto& [how, ending] : {std::pair{compression::bz2, ".bz2"}, {compression::lzma, ".lzma"}}) {
        const auto data = pack(how, tar({{"./x"}}));
        CHECK(told(read(ar({{"debian-binary", format},
                            {"control.tar", control_tar()},
                            {std::string{"data.tar"} + ending, data}}))) == "read");
        CHECK(told(read(packed_deb(how, ending, ending))) ==
              "unsupported: " + at + "control.tar" + ending +
                  ": dpkg does not unpack it: .gz, .xz, .zst or nothing behind control.tar");
    }
    CHECK(told(read(packed_deb(compression::lz4, "", ".lz4"))).find("control.tar: it is no tar") != std::string::npos);
    const auto lz4 = ar({{"debian-binary", format}, {"control.tar", control_tar()}, {"data.tar.lz4", "x"}});
    CHECK(told(read(lz4)) ==
          "unsupported: " + at +
              "data.tar.lz4: dpkg does not unpack it: .gz, .xz, .zst, .bz2, .lzma or nothing behind data.tar");
}

TEST_CASE("deb: members beginning with an underscore are left alone", "[deb]") {
    CHECK(told(read(ar({{"debian-binary", format},
                        {"_early", "odd"},
                        {"control.tar", control_tar()},
                        {"_between", ""},
                        {"data.tar", tar({})},
                        {"_gpgorigin", "signature"}}))) == "read");
}

TEST_CASE("deb: GNU's slashes behind names, and further lines of the format, are taken", "[deb]") {
    CHECK(
        told(read(ar({{"debian-binary/", "2.17\nmore\n"}, {"control.tar/", control_tar()}, {"data.tar/", tar({})}}))) ==
        "read");
}

TEST_CASE("deb: a container that is none is refused with what is wrong", "[deb]") {
    const auto control = control_tar(), data = tar({});
    const members whole{{"debian-binary", format}, {"control.tar", control}, {"data.tar", data}};
    const auto but = [&](std::size_t i, const std::string& name, const std::string& bytes) {
        auto m = whole;
        m[i] = {name, bytes};
        return told(read(ar(m)));
    };
    const auto plus = [&](std::size_t i, const std::string& name) {
        auto m = whole;
        m.insert(m.begin() + static_cast<std::ptrdiff_t>(i), {name, "x"});
        return told(read(ar(m)));
    };
    CHECK(told(read("")) == "malformed: " + at + "it is no package: it does not begin as an ar file does");
    CHECK(told(read("<html>not found</html>")).find("does not begin as an ar file") != std::string::npos);
    CHECK(told(read("0.939000\n")).starts_with("unsupported: " + at));
    CHECK(but(0, "debian-split", format) ==
          "malformed: " + at + "it is no package: its first member is not debian-binary");
    CHECK(but(0, "debian-binary", "3.0\n") == "unsupported: " + at + "a package of format 3.0, not 2.x");
    for (const auto* odd : {"", "2.0", "2\n", "two\n", "2.x\n", "20\n", "2.\n", "2-0\n"})
        CHECK(but(0, "debian-binary", odd) == "malformed: " + at + "debian-binary: no version of the format");
    CHECK(but(0, "debian-binary", std::string(1025, '2')).starts_with("too_large: " + at + "debian-binary: "));
    CHECK(but(1, "control.tar.rar", "x").starts_with("unsupported: " + at + "control.tar.rar: "));
    CHECK(but(1, "control.tar", "") == "malformed: " + at + "member control.tar is empty");
    CHECK(but(2, "data.tar", "") == "malformed: " + at + "member data.tar is empty");
    CHECK(plus(1, "other") == "malformed: " + at + "member 'other' stands where control.tar should");
    CHECK(plus(1, "data.tar") == "malformed: " + at + "member 'data.tar' stands where control.tar should");
    CHECK(plus(2, "control.tar.gz") == "malformed: " + at + "member 'control.tar.gz' stands where data.tar should");
    CHECK(plus(3, "data.tar.gz") == "malformed: " + at + "member 'data.tar.gz' stands behind data.tar");
    CHECK(told(read(ar({whole[0], whole[1]}))) == "malformed: " + at + "it has no member data.tar");
    CHECK(told(read(ar({whole[0]}))) == "malformed: " + at + "it has no member control.tar");
}

TEST_CASE("deb: cut short anywhere, it is refused", "[deb]") {
    const auto bytes = packed_deb(compression::gz, ".gz", ".gz");
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        const auto cut = read(std::string_view{bytes}.substr(0, n));
        REQUIRE(!cut);
        CHECK(cut.error().code() == errc::malformed);
    }
    const auto plain = deb();
    for (std::size_t n = 0; n < plain.size(); n += 64)
        for (const auto want : {file_list::read, file_list::skipped})
            CHECK(!read(std::string_view{plain}.substr(0, n), "hello.deb", {}, want));
    CHECK(told(read(bytes + "x")) == "malformed: " + at + "the file ends too soon");
}

TEST_CASE("deb: damaged anywhere in what is packed, it is refused", "[deb]") {
    const auto bytes = packed_deb(compression::xz, ".xz", ".xz");
    const auto data = bytes.find("data.tar.xz") + 60;
    for (std::size_t n = data; n + 1 < bytes.size(); ++n) {
        auto spoilt = bytes;
        spoilt[n] = static_cast<char>(spoilt[n] ^ 0x20);
        CHECK(!read(spoilt));
    }
    // Not looked at, it is hashed all the same.
    auto spoilt = bytes;
    spoilt[data + 20] = static_cast<char>(spoilt[data + 20] ^ 0x20);
    const auto skipped = read(spoilt, "hello.deb", {}, file_list::skipped).value();
    CHECK(skipped.content == sha256(spoilt));
    CHECK(skipped.files.empty());
}

TEST_CASE("deb: damage behind the end of a tar is noticed, too", "[deb]") {
    const auto data = pack(compression::xz, tar({{"./x"}}) + std::string(1U << 20, '\0'));
    auto bytes = ar({{"debian-binary", format}, {"control.tar", control_tar()}, {"data.tar.xz", data}});
    CHECK(told(read(bytes)) == "read");
    auto& last = bytes[bytes.size() - 4];
    last = static_cast<char>(last ^ 0x20);
    CHECK(told(read(bytes)).starts_with("malformed: " + at + "data.tar.xz: "));
}

TEST_CASE("deb: sizes in ar's headers are numbers, and its headers end as they should", "[deb]") {
    const auto bytes = deb();
    auto odd = bytes;
    odd.replace(8 + 48, 10, "-4        ");
    CHECK(told(read(odd)) == "malformed: " + at + "the size of member 'debian-binary' is no number");
    odd = bytes;
    odd.replace(8 + 48, 10, "          ");
    CHECK(!read(odd));
    odd = bytes;
    odd[8 + 58] = 'x';
    CHECK(told(read(odd)) == "malformed: " + at + "no header of an ar member stands where one should");
}

TEST_CASE("deb: a control.tar without a control file, or with two, is refused", "[deb]") {
    const auto with = [](const std::vector<tar_entry>& entries) {
        return told(read(ar({{"debian-binary", format}, {"control.tar", tar(entries)}, {"data.tar", tar({})}})));
    };
    CHECK(with({{"control", hello_control}}) == "read");
    CHECK(with({{"./postinst", "#!/bin/sh\n"}}) == "malformed: " + at + "control.tar: no entry is called 'control'");
    CHECK(with({{"./control", hello_control}, {"control", hello_control}}) ==
          "malformed: " + at + "control.tar: two entries are called 'control'");
    CHECK(with({{"./control", "", '2'}}) == "malformed: " + at + "control.tar: 'control' is no ordinary file");
    CHECK(with({{"./target", hello_control}, {"./control", "", '1'}}) ==
          "malformed: " + at + "control.tar: 'control' is no ordinary file");
    CHECK(with({{"./control", "", '5'}}) == "malformed: " + at + "control.tar: 'control' is no ordinary file");
    CHECK(
        with({{"./control", "nonsense\n"}}).starts_with("malformed: " + at + "control.tar: control: line 1: no field"));
}

TEST_CASE("deb: control data that an archive cannot list is refused", "[deb]") {
    for (const auto* field : {"Package", "Version", "Architecture", "Maintainer"})
        CHECK(told(read(deb(without(field)))) == "malformed: " + at + "it has no field " + field);
    CHECK(told(read(deb("Package: a\n" + without("Package")))).find("'a' is no package's name") != std::string::npos);
    CHECK(told(read(deb("Package: ../../etc\n" + without("Package")))).find("is no package's name") !=
          std::string::npos);
    CHECK(told(read(deb("Version: x\n" + without("Version")))).find("'x' is no version") != std::string::npos);
    CHECK(told(read(deb("Architecture: source\n" + without("Architecture")))).find("is no architecture") !=
          std::string::npos);
    const std::string source = "Source: other (1)\n";
    CHECK(told(read(deb(source + "Package: A\n" + without("Package")))).find("'A' is no package's name") !=
          std::string::npos);
    CHECK(told(read(deb(source + "Version: x\n" + without("Version")))).find("'x' is no version") != std::string::npos);
    CHECK(told(read(deb(with_field("Source: ../x")))).find("'../x' is no package's name") != std::string::npos);
    CHECK(told(read(deb(with_field("package: other")))).find("the field 'package' stands twice") != std::string::npos);
    CHECK(!read(deb(replaced(hello_control, "Description: a package\n with a long description\n", ""))));
}

TEST_CASE("deb: its name says what it is, and Package-Type may not say otherwise", "[deb]") {
    CHECK(read(deb(), "x.udeb").value().kind == file_kind::udeb);
    CHECK(read(deb(), "/incoming/x.ddeb").value().kind == file_kind::ddeb);
    CHECK(told(read(deb(with_field("Package-Type: udeb")), "x.udeb")) == "read");
    CHECK(told(read(deb(with_field("Package-Type: udeb")), "x.deb")) ==
          "malformed: x.deb: its Package-Type is 'udeb', its name ends with .deb");
    CHECK(told(read(deb(), "x.rpm")) ==
          "unsupported: x.rpm: no binary package: its name ends with none of .deb, .udeb and .ddeb");
}

TEST_CASE("deb: paths are as Contents has them", "[deb]") {
    const auto paths = [](const std::vector<tar_entry>& entries) {
        return read(deb(hello_control, entries)).value().files;
    };
    CHECK(paths({{"./usr/b"}, {"usr/a"}, {"/usr//./c"}, {"./", "", '5'}, {"./usr/", "", '5'}}) ==
          std::vector<std::string>{"usr/a", "usr/b", "usr/c"});
    CHECK(paths({{"./link", "", '2'}, {"./twice"}, {"./twice"}}) == std::vector<std::string>{"link", "twice"});
    CHECK(paths({{"./caf\xe9"}, {"./caf\xc3\xa9"}}) == std::vector<std::string>{"caf\xc3\xa9"});
    CHECK(paths({}).empty());
}

TEST_CASE("deb: paths that climb out or break a line are refused", "[deb]") {
    const auto with = [](const tar_entry& e) { return told(read(deb(hello_control, {e}))); };
    CHECK(with({"./usr/../../etc/passwd"}) ==
          "malformed: " + at + "data.tar: a path with '..': './usr/../../etc/passwd'");
    CHECK(with({"./a\nb"}) == "malformed: " + at + "data.tar: a path with a newline: './a?b'");
}

TEST_CASE("deb: what dpkg could not unpack is refused, and how to make it is said", "[deb]") {
    const auto pax = deb(hello_control, {{"./PaxHeaders/x", "30 mtime=1700000000.123456789\n", 'x'}, {"./x"}});
    CHECK(told(read(pax)) ==
          "unsupported: " + at +
              "data.tar: dpkg cannot unpack './x': make the package with dpkg-deb, or tar with --format=gnu");
}

TEST_CASE("deb: no limit is passed", "[deb]") {
    const auto bytes = deb(hello_control, {{"./usr/bin/hello"}, {"./usr/bin/other"}});
    const auto with = [&](auto change) {
        deb_limits limits;
        change(limits);
        return told(read(bytes, "hello_2.10-3_amd64.deb", limits));
    };
    CHECK(with([&](auto& l) { l.file = bytes.size(); }) == "read");
    CHECK(with([&](auto& l) { l.file = bytes.size() - 1; }).starts_with("too_large: " + at));
    CHECK(with([](auto& l) { l.control_tar = control_tar().size(); }) == "read");
    CHECK(with([](auto& l) {
              l.control_tar = 1024;
          }).starts_with("too_large: " + at + "control.tar: unpacks to more than"));
    CHECK(with([](auto& l) { l.control.bytes = hello_control.size(); }) == "read");
    CHECK(with([](auto& l) { l.control.bytes = 20; }) ==
          "too_large: " + at + "control.tar: control: it has over 20 bytes");
    CHECK(with([](auto& l) { l.data_tar = 1024; }).starts_with("too_large: " + at + "data.tar: unpacks to more than"));
    CHECK(with([](auto& l) { l.entries = 2; }) == "read");
    CHECK(with([](auto& l) { l.entries = 1; }) == "too_large: " + at + "control.tar: over 1 entries");
    CHECK(with([](auto& l) { l.path = 15; }) == "read");
    CHECK(with([](auto& l) { l.path = 14; }) == "too_large: " + at + "data.tar: a path of over 14 bytes");
    CHECK(with([](auto& l) { l.paths = 26; }) == "read");
    CHECK(with([](auto& l) { l.paths = 25; }) == "too_large: " + at + "data.tar: paths of over 25 bytes together");
}

TEST_CASE("deb: a small file that unpacks to a large one is refused, when it is large enough to matter", "[deb]") {
    const auto zeros = ar({{"debian-binary", format},
                           {"control.tar", control_tar()},
                           {"data.tar.xz", pack(compression::xz, tar({{"./zeros", std::string(4U << 20, '\0')}}))}});
    deb_limits limits;
    limits.ratio_from = 1U << 20;
    CHECK(told(read(zeros, "bomb.deb", limits)).starts_with("too_large: bomb.deb: data.tar.xz: unpacks to more than"));
    limits.ratio = 100'000;
    CHECK(told(read(zeros, "bomb.deb", limits)) == "read");
    CHECK(told(read(zeros)) == "read");
}
