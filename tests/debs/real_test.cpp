#include "tools.hpp"
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/source.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/byte_source.hpp>

// Side by side with the tools of dpkg and apt.

using namespace larder;
using namespace larder::debs;
using namespace larder::debs::test;

namespace {

binary_package read_file_of(const std::string& path) {
    unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    REQUIRE(file);
    return read_deb(*index::file_source(std::move(file)), path).value();
}

std::vector<std::string> files_of(const std::string& folder, const std::string& ending) {
    std::vector<std::string> out;
    for (const auto& e : std::filesystem::directory_iterator{folder})
        if (e.path().string().ends_with(ending)) out.push_back(e.path().string());
    std::sort(out.begin(), out.end());
    return out;
}

/// What apt-ftparchive writes of a folder, with SHA-256 as its only hash; stanza by stanza.
std::vector<std::string> ftparchive(const std::string& what, const std::string& folder) {
    const auto all = run({"apt-ftparchive", "-q", "-o", "APT::FTPArchive::MD5=false", "-o",
                          "APT::FTPArchive::SHA1=false", "-o", "APT::FTPArchive::SHA512=false", what, "."},
                         folder);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < all.size();) {
        const auto end = std::min(all.find("\n\n", at), all.size());
        out.push_back(all.substr(at, end - at) + "\n");
        at = end + 2;
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// apt-ftparchive writes "./" in front of what it finds in the folder itself.
std::string in_this_folder(std::string stanza, const std::string& field) {
    const auto at = stanza.find("\n" + field + ": ");
    return stanza.insert(at + field.size() + 3, "./");
}

std::vector<std::string> our_packages(const std::string& folder) {
    std::vector<std::string> out;
    for (const auto& path : files_of(folder, "deb"))
        out.push_back(in_this_folder(
            packages_stanza(read_file_of(path), std::filesystem::path{path}.filename().string()).value(), "Filename"));
    std::sort(out.begin(), out.end());
    return out;
}

/// As `dpkg-deb -c` lists them: what begins with 'd' is a folder, the path is the sixth column.
std::vector<std::string> dpkg_paths(const std::string& path) {
    std::vector<std::string> out;
    const auto listed = run({"dpkg-deb", "-c", path}, "/");
    for (std::string_view line : split(listed, '\n')) {
        if (line.empty() || line.front() == 'd') continue;
        line.remove_prefix(line.find(" ./") + 3);
        out.emplace_back(line.substr(0, line.find(" -> ")).substr(0, line.find(" link to ")));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string control(const std::string& name, const std::string& more = {}) {
    return "Package: " + name +
           "\nVersion: 2:1.0-1\nArchitecture: all\nMaintainer: Archive <archive@archive.example>\n" + more +
           "Description: a package\n with two\n .\n paragraphs  \n";
}

}  // namespace

TEST_CASE("real: what dpkg-deb packs in any way is read, and dpkg-deb says the same of it", "[real]") {
    const scratch_folder folder;
    for (const std::string packed : {"gzip", "xz", "zstd", "none"}) {
        const auto path = build_deb(folder, "made-" + packed, control("made-" + packed, "X-Unknown: yes\n"), packed);
        const auto p = read_file_of(path);
        CHECK(p.control.text() == run({"dpkg-deb", "-f", path}, "/"));
        CHECK(p.files == dpkg_paths(path));
        CHECK(p.files.size() == 4);
        CHECK(p.content == sha256(read_file(path).value()));
    }
}

TEST_CASE("real: a stanza is what apt-ftparchive writes, byte for byte", "[real]") {
    const scratch_folder folder;
    build_deb(folder, "plain", control("plain", "Section: net\nPriority: optional\n"));
    build_deb(folder, "unknown", control("unknown", "Zeta: 1\nX-Alpha: 2\nPython-Version: 3\nRuby-Versions: all\n"));
    build_deb(
        folder, "spelt",
        "package: spelt\nVERSION:1\nARCHITECTURE: all\nmaintainer: A <a@archive.example>\ndescription: d\n of it\n");
    build_deb(
        folder, "blanks",
        control("blanks", "Homepage:   http://archive.example/  \nTag:\t x\nZeta:  two \nDepends: a,\n b,\n\tc\n"));
    build_deb(folder, "empty", control("empty", "Section:\nMulti-Arch:\nZeta:\n"));
    build_deb(folder, "shuffled",
              control("shuffled",
                      "Task: t\nEssential: no\nBuilt-Using: x (= 1)\nEnhances: y\nBuild-Ids: 0\n"
                      "Auto-Built-Package: debug-symbols\nInstalled-Size: 12\nSource: source (2)\n"
                      "Conffiles:\n /etc/x 0\nProtected: no\nOrigin: o\nBugs: b\n"
                      "Original-Maintainer: m\nStatic-Built-Using: z (= 1)\n"));
    const auto ours = our_packages(folder.path());
    CHECK(ours.size() == 6);
    CHECK(ours == ftparchive("packages", folder.path()));
}

TEST_CASE("real: the packages on this machine give what apt-ftparchive and dpkg-deb say of them", "[real]") {
    const bool all = std::getenv("LARDER_LONG") != nullptr;
    const std::string cache = "/var/cache/apt/archives";
    const auto found = std::filesystem::is_directory(cache) ? files_of(cache, ".deb") : std::vector<std::string>{};
    const scratch_folder folder;
    std::size_t taken = 0;
    for (const auto& path : found) {
        if (!all && (taken == 12 || std::filesystem::file_size(path) > 200'000)) continue;
        std::filesystem::create_symlink(path, folder / std::filesystem::path{path}.filename().string());
        CHECK(read_file_of(path).files == dpkg_paths(path));
        ++taken;
    }
    CHECK(our_packages(folder.path()) == ftparchive("packages", folder.path()));
}

TEST_CASE("real: a stanza of Sources is what apt-ftparchive writes, byte for byte", "[real]") {
    const scratch_folder folder;
    const auto root = build_source(folder, "greeting", "1.0",
                                   "Homepage: http://archive.example/\nVcs-Git: http://archive.example/x\n"
                                   "Build-Depends: a, b (>= 1)\nUploaders: Other <other@archive.example>\n");
    const auto dsc = read_dsc(read_file(root + "/greeting_1.0.dsc").value(), "greeting_1.0.dsc").value();
    const auto listed = ftparchive("sources", folder.path());
    REQUIRE(listed.size() == 1);
    CHECK(in_this_folder(sources_stanza(dsc, "source-greeting").value(), "Directory") == listed[0]);
}

TEST_CASE("real: what dpkg-genchanges and dpkg-genbuildinfo write is read", "[real]") {
    const scratch_folder folder;
    const auto root = build_source(folder, "greeting", "1:1.0");
    const auto c = read_changes(read_file(root + "/changes").value(), "x.changes").value();
    CHECK(c.source.name == "greeting");
    CHECK(c.version == "1:1.0");
    CHECK(c.distributions == std::vector<std::string>{"stable"});
    CHECK(c.architectures == std::vector<std::string>{"source"});
    REQUIRE(c.files.size() == 3);
    for (const auto& f : c.files) CHECK(sha256(read_file(root + "/" + f.name).value()) == f.content);
    CHECK(c.files[0].kind == file_kind::dsc);
    CHECK(c.files[0].section == "misc");
    CHECK(c.files[0].priority == "optional");
    const auto& info = c.files[2];
    CHECK(info.kind == file_kind::buildinfo);
    const auto b = read_buildinfo(read_file(root + "/" + info.name).value(), info.name).value();
    REQUIRE(b.files.size() == 1);
    CHECK(b.files[0].name == "greeting_1.0.dsc");
    CHECK(b.files[0].content == c.files[0].content);
}

TEST_CASE("real: apt installs from these stanzas, and apt-get source gets the source", "[real]") {
    const scratch_folder folder;
    const auto root = build_source(folder, "greeting", "1.0");
    const auto pool = folder / "archive/" + pool_folder("main", "greeting").value();
    std::filesystem::create_directories(pool);
    for (const auto& f : files_of(root, "")) std::filesystem::copy(f, pool);
    const auto built = build_deb(folder, "greeting", control("greeting"));
    const auto name = package_file_name("greeting", "2:1.0-1", "all", file_kind::deb).value();
    std::filesystem::copy(built, pool + "/" + name);
    const auto where = pool_folder("main", "greeting").value();
    put(folder / "archive/dists/x/main/binary-all/Packages",
        packages_stanza(read_file_of(built), where + "/" + name).value());
    const auto dsc = read_dsc(read_file(pool + "/greeting_1.0.dsc").value(), "greeting_1.0.dsc").value();
    put(folder / "archive/dists/x/main/source/Sources", sources_stanza(dsc, where).value());
    const auto release = run({"apt-ftparchive", "-o", "APT::FTPArchive::Release::Codename=x", "-o",
                              "APT::FTPArchive::Release::Components=main", "-o",
                              "APT::FTPArchive::Release::Architectures=all", "release", "."},
                             folder / "archive/dists/x");
    put(folder / "archive/dists/x/Release", release);
    for (const auto* of : {"deb", "deb-src"})
        put(folder / "etc/sources.list.d/" + std::string{of} + ".list",
            std::string{of} + " [trusted=yes] file:" + folder.path() + "/archive x main\n");
    for (const auto* made :
         {"state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "here"})
        std::filesystem::create_directories(folder / made);
    put(folder / "state/status", "");
    const auto apt = [&](std::vector<std::string> more) {
        std::vector<std::string> command{"apt-get", "-q"};
        for (const auto& [key, value] : {std::pair{"Dir::Etc", "etc"},
                                         {"Dir::State", "state"},
                                         {"Dir::State::status", "state/status"},
                                         {"Dir::Cache", "cache"}})
            command.insert(command.end(), {"-o", std::string{key} + "=" + folder / value});
        command.insert(command.end(), {"-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"});
        command.insert(command.end(), more.begin(), more.end());
        return run(command, folder / "here");
    };
    apt({"update"});
    CHECK(apt({"-s", "install", "greeting"}).find("Inst greeting (2:1.0-1 ") != std::string::npos);
    apt({"download", "greeting"});
    apt({"--download-only", "source", "greeting=1.0"});
    CHECK(sha256(read_file(folder / "here/greeting_1.0.tar.xz").value()) == dsc.files[0].content);
    CHECK(files_of(folder / "here", ".dsc").size() == 1);
    CHECK(files_of(folder / "here", ".deb").size() == 1);
}
