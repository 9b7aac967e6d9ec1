#include "golden.hpp"
#include "suggest.hpp"
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <larder/base/text.hpp>
#include <larder/config/load.hpp>
#include <stdlib.h>

using namespace larder;
using config::file_check;

namespace {

/// The complaints about a text, without the check for files; "" when it is right.
std::string complaints(const std::string& text) {
    const auto r = config::parse(text, "t.toml", file_check::off);
    if (r) return {};
    CHECK(r.error().code() == errc::bad_config);
    return r.error().detail();
}

struct scratch {
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "larder-config-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(path); }
    void write(const std::string& name, const std::string& text) const { std::ofstream{path + "/" + name} << text; }
    std::string path;
};

const std::string one_archive =
    "[[archive]]\nname = \"debian\"\nupstream = \"http://a.example/debian/\"\nkeyring = \"/k.gpg\"\n";

}  // namespace

TEST_CASE("config: an empty file gives the defaults", "[config]") {
    const auto r = config::parse("", "t.toml");
    REQUIRE(r.has_value());
    CHECK(config::show(*r) == config::show(core::options{}));
    CHECK(r->server.listen == std::vector<std::string>{"127.0.0.1:3142"});
}

TEST_CASE("config: every kind of value arrives", "[config]") {
    const auto r = config::parse(
        "[server]\nlisten = [\"*:80\", \"[::1]:81\"]\nthreads = 3\nmax_request_head = 4096\nidle_timeout = \"2 min\"\n"
        "[log]\nrequests = true\nlevel = \"warn\"\n[store]\nmax_cache_size = \"64 MiB\"\n[upstream]\nbackoff = 0\n" +
            one_archive + "suites = [\"bookworm\", \"/\"]\ncheck_valid_until = false\n",
        "t.toml", file_check::off);
    REQUIRE(r.has_value());
    CHECK(r->server.listen == std::vector<std::string>{"*:80", "[::1]:81"});
    CHECK(r->server.threads == 3);
    CHECK(r->server.max_request_head == 4096);
    CHECK(r->server.idle_timeout == core::milliseconds{120'000});
    CHECK(r->log.requests);
    CHECK(r->log.level == "warn");
    CHECK(r->store.max_cache_size == 64ULL << 20);
    CHECK(r->upstream.backoff == core::milliseconds{0});
    REQUIRE(r->archives.size() == 1);
    CHECK(r->archives[0].upstream == std::vector<std::string>{"http://a.example/debian"});
    CHECK(r->archives[0].suites == std::vector<std::string>{"bookworm", "./"});
    CHECK_FALSE(r->archives[0].check_valid_until);
}

TEST_CASE("config: what is shown parses back to the same", "[config]") {
    const auto first = config::parse(
        "[server]\nlisten = []\nidle_timeout = \"1500ms\"\n[store]\nmax_cache_size = 12345\n" + one_archive +
            "user = \"a\\\"b\"\npassword_file = \"/p\"\n[[token]]\nname = \"ci\"\nrole = \"read\"\nsha256 = \"" +
            std::string(64, '0') + "\"\n",
        "t.toml", file_check::off);
    REQUIRE(first.has_value());
    const auto text = config::show(*first);
    const auto again = config::parse(text, "shown.toml", file_check::off);
    REQUIRE(again.has_value());
    CHECK(config::show(*again) == text);
    CHECK(text.find("max_cache_size = \"12345 B\"") != std::string::npos);
    check_golden("tests/config/golden/show.toml", text);
    check_golden("tests/config/golden/show.json", config::show_json(*first));
}

TEST_CASE("config: all errors of a file are told at once, each with its line", "[config]") {
    const auto path = "tests/config/golden/errors.toml";
    const auto text = read_file(std::string{LARDER_SOURCE_DIR} + "/" + path);
    REQUIRE(text.has_value());
    const auto r = config::parse(*text, path);
    REQUIRE_FALSE(r.has_value());
    check_golden("tests/config/golden/errors.txt", r.error().detail() + "\n");
}

TEST_CASE("config: broken TOML says where", "[config]") {
    CHECK(complaints("[server]\nlisten = [\"x\"\n[store]\n").starts_with("t.toml:3: broken TOML: "));
    CHECK(complaints("[server]\nthreads = 1\nthreads = 2\n").starts_with("t.toml:3: broken TOML: "));
    CHECK(complaints("a = \"\xff\"").starts_with("t.toml:1: broken TOML: "));
}

TEST_CASE("config: an unknown setting is an error that names the nearest one", "[config]") {
    CHECK(complaints("[server]\nlistn = []") == "t.toml:2: server.listn: unknown setting; did you mean 'listen'?");
    CHECK(complaints("[server]\nmax-connections = 1") ==
          "t.toml:2: server.max-connections: unknown setting; did you mean 'max_connections'?");
    CHECK(complaints("[server]\nwhatever = 1") == "t.toml:2: server.whatever: unknown setting");
    CHECK(complaints("[server]\nmax_cache_size = 1") ==
          "t.toml:2: server.max_cache_size: unknown setting; it belongs under [store]");
    CHECK(complaints("[stroe]\n") == "t.toml:1: stroe: unknown table or setting; did you mean 'store'?");
    CHECK(complaints("listen = []") == "t.toml:1: listen: unknown table or setting; it belongs under [server]");
    CHECK(complaints("[archive]\nname = \"x\"") ==
          "t.toml:1: archive: is written in double brackets, once for each: [[archive]]");
    CHECK(complaints("[[server]]\n") == "t.toml:1: server: is written as a table: [server]");
}

TEST_CASE("config: the nearest word is near", "[config]") {
    const std::vector<std::string> known{"listen", "listen_tls", "threads", "path"};
    CHECK(config::nearest("lisetn", known) == "listen");
    CHECK(config::nearest("LISTEN", known) == "listen");
    CHECK(config::nearest("listen-tls", known) == "listen_tls");
    CHECK(config::nearest("thread", known) == "threads");
    CHECK(config::nearest("colour", known).empty());
    CHECK(config::nearest("", known).empty());
    CHECK(config::nearest(std::string(10'000, 'x'), known).empty());
}

TEST_CASE("config: archives differ in their names", "[config]") {
    CHECK(complaints(one_archive).empty());
    CHECK(complaints(one_archive + one_archive) ==
          "t.toml:6: archive.name: 'debian' is taken by the archive of line 2");
    const std::string other = "[[archive]]\nname = \"other\"\nkeyring = \"/k\"\n";
    CHECK(complaints(one_archive + other + "upstream = \"http://a.example/debian\"\n").empty());  // say, a frozen one
    CHECK(
        complaints(one_archive + other + "upstream = \"http://b.example\"\naliases = \"http://A.example/debian/\"\n") ==
        "t.toml:9: archive.aliases: 'http://a.example/debian' is an upstream of archive 'debian'");
    CHECK(complaints(one_archive + "suites = [\"x\",\n\"x\"]") == "t.toml:6: archive.suites: 'x' is there twice");
}

TEST_CASE("config: an archive without keyring is refused", "[config]") {
    CHECK(complaints("[[archive]]\nname = \"x\"\nupstream = \"http://a.example\"\n")
              .starts_with("t.toml:1: archive.keyring: is missing; every [[archive]] needs it"));
    CHECK(complaints("[[archive]]\nname = \"x\"\nupstream = \"http://a.example\"\nkeyring = []\n")
              .starts_with("t.toml:4: archive.keyring: must not be empty"));
}

TEST_CASE("config: a peer has a token, and is one peer", "[config]") {
    const std::string peer = "[[peer]]\nurl = \"https://peer.example:3143/\"\ntoken_file = \"/t\"\n";
    CHECK(complaints(peer).empty());
    CHECK(complaints(peer + peer) == "t.toml:5: peer.url: 'https://peer.example:3143' is the peer of line 2 already");
    CHECK(complaints("[[peer]]\nurl = \"https://peer.example\"\n")
              .starts_with("t.toml:1: peer.token_file: is missing; every [[peer]] needs it"));
}

TEST_CASE("config: a snapshot service has a place for the moment", "[config]") {
    CHECK(complaints(one_archive + "snapshots = \"https://snapshot.example/debian/{when}\"\n").empty());
    CHECK(
        complaints(one_archive + "snapshots = \"https://snapshot.example/debian\"\n")
            .starts_with("t.toml:5: archive.snapshots: 'https://snapshot.example/debian' has not exactly one {when}"));
}

TEST_CASE("config: HTTPS needs certificate and key", "[config]") {
    CHECK(complaints("[server]\nlisten_tls = \"*:3143\"\n") ==
          "t.toml:2: server.listen_tls: HTTPS needs both tls_certificate and tls_key");
    CHECK(complaints("[server]\ntls_key = \"/k\"\n") == "t.toml:2: server.tls_key: needs tls_certificate beside it");
    CHECK(complaints("[server]\nlisten_tls = \"*:3143\"\ntls_key = \"/k\"\ntls_certificate = \"/c\"\n").empty());
    CHECK(
        complaints("[server]\nlisten = \"*:1\"\nlisten_tls = \"*:1\"\ntls_key = \"/k\"\ntls_certificate = \"/c\"\n") ==
        "t.toml:3: server.listen_tls: '*:1' is in listen too; HTTP and HTTPS need a port each");
}

TEST_CASE("config: two free ports are not a duplicate", "[config]") {
    CHECK(complaints("[server]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n").empty());
    CHECK(complaints("[server]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n") ==
          "t.toml:2: server.listen: '127.0.0.1:1' is there twice");
}

TEST_CASE("config: an address is listened on once", "[config]") {
    const auto listen = [](const std::string& list, const std::string& more = "") {
        return complaints("[server]\nlisten = [" + list + "]\n" + more);
    };
    CHECK(listen(R"("*:1", "127.0.0.1:1")") ==
          "t.toml:2: server.listen: '127.0.0.1:1' is in '*:1' (server.listen) already; leave one of them out, or give "
          "it another port");
    for (const auto* both : {R"("127.0.0.1:1", "*:1")", R"("*:1", "[::1]:1")", R"("*:1", "0.0.0.0:1")",
                             R"("*:1", "[::]:1")", R"("0.0.0.0:1", "127.0.0.1:1")", R"("[::]:1", "127.0.0.1:1")"}) {
        INFO(both);
        const auto said = listen(both);
        CHECK(said.find(" already; ") != std::string::npos);
        CHECK(said.find('\n') == std::string::npos);
    }
    CHECK(listen(R"("*:1")", "listen_tls = \"127.0.0.1:1\"\ntls_key = \"/k\"\ntls_certificate = \"/c\"\n")
              .starts_with("t.toml:3: server.listen_tls: '127.0.0.1:1' is in '*:1' (server.listen) already"));
    for (const auto* apart : {R"("*:1", "127.0.0.1:2")", R"("*:0", "127.0.0.1:0")", R"("0.0.0.0:1", "[::1]:1")",
                              R"("127.0.0.1:1", "[::1]:1")"})
        CHECK(listen(apart).empty());
}

TEST_CASE("config: the admin socket is not among the store's files", "[config]") {
    const auto both = [](const std::string& socket) {
        return complaints("[server]\nadmin_socket = \"" + socket + "\"\n[store]\npath = \"/srv/larder\"\n");
    };
    for (const auto* inside : {"/srv/larder/admin.sock", "/srv/larder/format", "/srv/larder", "/srv/x/../larder/a"})
        CHECK(both(inside).starts_with("t.toml:2: server.admin_socket: '" + std::string{inside} + "' is in the store"));
    for (const auto* outside : {"/srv/larder.sock", "/srv/larder/../a", ""}) CHECK(both(outside).empty());
}

TEST_CASE("config: a store is one, or may become one", "[config]") {
    const scratch s;
    const auto text = "[store]\npath = \"" + s.path + "\"\n";
    CHECK(config::parse(text, "t.toml").has_value());
    s.write("lock", "");
    CHECK(config::parse(text, "t.toml").has_value());
    s.write("precious", "");
    const auto other = config::parse(text, "t.toml", file_check::but_tls);
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().detail() == "t.toml:2: store.path: '" + s.path +
                                        "' is no store (it has no file 'format') and not empty; name an empty "
                                        "folder, or one that is not there yet");
    CHECK(config::parse(text, "t.toml", file_check::off).has_value());
    s.write("format", "larder-store 1\n");
    CHECK(config::parse(text, "t.toml").has_value());
}

TEST_CASE("config: authorities are certificates", "[config]") {
    const scratch s;
    const auto text = "[upstream]\nca_file = \"" + s.path + "/ca\"\n";
    s.write("ca", "root:x:0:0:root:/root:/bin/bash\n");
    const auto junk = config::parse(text, "t.toml");
    REQUIRE_FALSE(junk.has_value());
    CHECK(junk.error().detail() ==
          "t.toml:2: upstream.ca_file: '" + s.path + "/ca' holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
    s.write("ca", "# ours\n-----BEGIN CERTIFICATE-----\n");
    CHECK(config::parse(text, "t.toml").has_value());
}

TEST_CASE("config: a file that is named must be there, unless nobody is to look", "[config]") {
    const std::string keyring = "/nonexistent/keyring.gpg";
    const auto text = "[[archive]]\nname = \"x\"\nupstream = \"http://a.example\"\nkeyring = \"" + keyring + "\"\n";
    const auto checked = config::parse(text, "t.toml");
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().detail() ==
          "t.toml:4: archive.keyring: '" + keyring + "' cannot be used: No such file or directory");
    CHECK(config::parse(text, "t.toml", file_check::off).has_value());
    const auto folder = config::parse("[upstream]\nca_file = \"/tmp\"\n", "t.toml");
    REQUIRE_FALSE(folder.has_value());
    CHECK(folder.error().detail() == "t.toml:2: upstream.ca_file: '/tmp' is not a regular file");
}

TEST_CASE("config: the files of TLS must be there for the server, and not for commands", "[config]") {
    const std::string text = "[server]\ntls_certificate = \"/nonexistent/c\"\ntls_key = \"/nonexistent/k\"\n";
    const auto served = config::parse(text, "t.toml", file_check::on);
    REQUIRE_FALSE(served.has_value());
    CHECK(served.error().detail() ==
          "t.toml:2: server.tls_certificate: '/nonexistent/c' cannot be used: No such file or directory\n"
          "t.toml:3: server.tls_key: '/nonexistent/k' cannot be used: No such file or directory");
    const auto read = config::parse(text, "t.toml", file_check::but_tls);
    REQUIRE(read.has_value());
    CHECK(read->server.tls_key == "/nonexistent/k");
    // All else that a command opens is looked for.
    CHECK_FALSE(
        config::parse(text + "[upstream]\nca_file = \"/nonexistent/a\"\n", "t.toml", file_check::but_tls).has_value());
}

TEST_CASE("config: a missing file says how to get one", "[config]") {
    const auto r = config::load("/nonexistent/larder.toml");
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().code() == errc::bad_config);
    CHECK(r.error().detail() ==
          "/nonexistent/larder.toml: no such configuration file; write one with larder init, or name another with "
          "--config");
    CHECK(config::load("/").error().code() == errc::bad_config);
}

TEST_CASE("config: a reload is told what it cannot apply", "[config]") {
    core::options a;
    core::options b;
    b.upstream.connections = 3;
    CHECK(config::needs_restart(a, b).empty());
    b.server.listen = {"*:1"};
    b.store.path = "/elsewhere";
    CHECK(config::needs_restart(a, b) == std::vector<std::string>{"server.listen", "store.path"});
}
