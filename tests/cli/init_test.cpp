#include "init.hpp"
#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/config/load.hpp>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace larder;
namespace fs = std::filesystem;

namespace {

/// A folder like /etc/apt, and what the command prints. Upstreams are address literals: no name is resolved.
struct machine {
    machine() {
        std::string pattern = (fs::temp_directory_path() / "larder-init-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()));
        root = pattern;
        write("apt/sources.list", "deb http://127.0.0.1:1/debian bookworm main\ndeb cdrom:[x]/ bookworm main\n");
        write("apt/sources.list.d/b.sources",
              "Types: deb\nURIs: http://user:pw@127.0.0.1:1/extra\nSuites: ./\n"
              "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x\n -----END PGP PUBLIC KEY BLOCK-----\n");
        write("apt/sources.list.d/ignored.sources.old", "Types: deb\nURIs: http://127.0.0.1:1/old\nSuites: ./\n");
        write("apt/trusted.gpg.d/a.gpg", "key");
        write("apt/trusted.gpg.d/empty.gpg", "");
        options.output = (root / "etc/larder.toml").string();
        options.store_path = (root / "store").string();
        options.sources_dir = (root / "apt").string();
        options.admin_socket = "";
    }
    ~machine() { fs::remove_all(root); }
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((root / name).parent_path());
        REQUIRE(replace_file((root / name).string(), text).has_value());
    }

    int run() {
        std::ostringstream o, e;
        auto* old_out = std::cout.rdbuf(o.rdbuf());
        auto* old_err = std::cerr.rdbuf(e.rdbuf());
        const int code = cli::run_init(options);
        std::cout.rdbuf(old_out);
        std::cerr.rdbuf(old_err);
        out = o.str();
        err = e.str();
        return code;
    }

    fs::path root;
    cli::init_options options;
    std::string out, err;
};

}  // namespace

TEST_CASE("init: what it writes is a configuration that serve takes", "[cli][init]") {
    machine m;
    REQUIRE(m.run() == 0);
    const auto o = config::load(m.options.output);
    REQUIRE(o.has_value());
    REQUIRE(o->archives.size() == 2);
    CHECK(o->archives[0].name == "debian");
    CHECK(o->archives[0].keyring == std::vector<std::string>{(m.root / "apt/trusted.gpg.d/a.gpg").string()});
    CHECK(o->archives[1].name == "extra");
    CHECK(o->archives[1].keyring == std::vector<std::string>{(m.root / "etc/keyrings/extra.asc").string()});
    CHECK(o->store.path == m.options.store_path);
    CHECK(m.err.find("sources.list:2: 'cdrom:'") != std::string::npos);
    struct stat is {};
    REQUIRE(::stat(o->archives[1].password_file.c_str(), &is) == 0);
    CHECK((is.st_mode & 0777) == 0600);
}

TEST_CASE("init: a file that is there stays, unless forced", "[cli][init]") {
    machine m;
    m.write("etc/larder.toml", "mine");
    CHECK(m.run() == 1);
    CHECK(read_file(m.options.output).value() == "mine");
    CHECK(m.err.find("--force") != std::string::npos);
    m.options.force = true;
    CHECK(m.run() == 0);
    CHECK(read_file(m.options.output).value() != "mine");
}

TEST_CASE("init: what replaces a file keeps its mode, owner and group", "[cli][init]") {
    machine m;
    REQUIRE(m.run() == 0);
    const auto secret = config::load(m.options.output).value().archives.at(1).password_file;
    const bool root = ::geteuid() == 0;  // who alone can give files away
    for (const auto& path : {m.options.output, secret}) {
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        if (root) REQUIRE(::chown(path.c_str(), 65533, 65534) == 0);
    }
    m.write("apt/sources.list", "deb http://127.0.0.1:1/changed bookworm main\n");
    m.options.force = true;
    REQUIRE(m.run() == 0);
    CHECK(config::load(m.options.output).value().archives.at(0).name == "changed");
    for (const auto& path : {m.options.output, secret}) {
        INFO(path);
        struct stat is {};
        REQUIRE(::stat(path.c_str(), &is) == 0);
        CHECK((is.st_mode & 07777) == 0640);
        CHECK(is.st_uid == (root ? 65533 : ::geteuid()));
        CHECK(is.st_gid == (root ? 65534 : ::getegid()));
    }
}

TEST_CASE("init: a new secret of root's can be read by the store's group, and no one else", "[cli][init]") {
    if (::geteuid() != 0) {
        WARN("skipped: needs root");
        return;
    }
    machine m;
    fs::create_directories(m.options.store_path);
    REQUIRE(::chown(m.options.store_path.c_str(), 65533, 65534) == 0);
    const auto mask = ::umask(0077);
    const auto code = m.run();
    ::umask(mask);
    REQUIRE(code == 0);
    const auto o = config::load(m.options.output).value();
    const auto check = [](const fs::path& path, unsigned group, unsigned mode) {
        INFO(path);
        struct stat is {};
        REQUIRE(::stat(path.c_str(), &is) == 0);
        CHECK(is.st_uid == 0);
        CHECK(is.st_gid == group);
        CHECK((is.st_mode & 07777) == mode);
    };
    check(o.archives.at(1).password_file, 65534, 0640);
    check(fs::path{o.archives.at(1).password_file}.parent_path(), 65534, 0750);
    check(o.archives.at(1).keyring.at(0), 0, 0644);
    check(fs::path{o.archives.at(1).keyring.at(0)}.parent_path(), 65534, 0750);
    check(m.options.output, 0, 0644);
    check(fs::path{m.options.output}.parent_path(), 0, 0755);
}

TEST_CASE("init: a wrong option is 2 and writes nothing", "[cli][init]") {
    machine m;
    m.options.listen = "nowhere";
    CHECK(m.run() == 2);
    CHECK_FALSE(fs::exists(m.options.output));
    CHECK_FALSE(fs::exists(m.root / "etc/keyrings"));
    CHECK(m.err.find("server.listen: 'nowhere' does not end in a port") != std::string::npos);
    m.options.output = "";
    CHECK(m.run() == 2);
}

TEST_CASE("init: a dash prints the configuration and writes nothing", "[cli][init]") {
    machine m;
    m.options.output = "-";
    CHECK(m.run() == 0);
    CHECK(config::parse(m.out, "out", config::file_check::off).has_value());
    CHECK(m.err.find("not written, but named: ") != std::string::npos);
}

TEST_CASE("init: a machine without sources gets a file that says so", "[cli][init]") {
    machine m;
    fs::remove_all(m.root / "apt");
    CHECK(m.run() == 0);
    CHECK(config::load(m.options.output).value().archives.empty());
    CHECK(m.err.find("no archive found") != std::string::npos);
}
