#include "golden.hpp"
#include <catch2/catch.hpp>
#include <larder/config/draft.hpp>
#include <larder/config/load.hpp>

using namespace larder;
using config::apt_source;
using config::draft_input;

namespace {

apt_source source(std::string uri, std::vector<std::string> suites) {
    apt_source s;
    s.where = "/etc/apt/sources.list:1";
    s.binary = true;
    s.uri = std::move(uri);
    s.suites = std::move(suites);
    s.components = {"main"};
    s.signed_by = {"/k.gpg"};
    return s;
}

draft_input input(std::vector<apt_source> sources) {
    draft_input in;
    in.sources = std::move(sources);
    in.trusted_keyrings = {"/etc/apt/trusted.gpg.d/a.asc"};
    in.architectures = {"amd64"};
    in.resolve = [](const std::string&) { return std::vector<std::string>{"93.184.216.34"}; };
    return in;
}

core::options parsed(const config::draft_result& d) {
    const auto r = config::parse(d.text, "draft", config::file_check::off);
    INFO(d.text);
    REQUIRE(r.has_value());
    CHECK(r->archives.size() == d.archives);
    return *r;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("draft: sources of one URL are one archive", "[config][draft]") {
    auto security = source("http://a.example/debian-security", {"bookworm-security"});
    auto more = source("https://A.example/debian", {"bookworm", "bookworm-backports"});
    more.components = {"main", "contrib"};
    more.architectures = {"arm64"};
    const auto o = parsed(config::draft(input({source("http://a.example/debian/", {"bookworm"}), security, more})));
    REQUIRE(o.archives.size() == 2);
    CHECK(o.archives[0].name == "debian");
    CHECK(o.archives[0].upstream == texts{"http://a.example/debian", "https://a.example/debian"});
    CHECK(o.archives[0].suites == texts{"bookworm", "bookworm-backports"});
    CHECK(o.archives[0].components == texts{"main", "contrib"});
    CHECK(o.archives[0].architectures == texts{"amd64", "arm64"});
    CHECK(o.archives[0].keyring == texts{"/k.gpg"});
    CHECK(o.archives[1].name == "debian-security");
}

TEST_CASE("draft: names differ and are never a path of the server's own", "[config][draft]") {
    const auto o =
        parsed(config::draft(input({source("http://a.example/x/ubuntu", {"s"}),
                                    source("http://a.example/y/ubuntu", {"s"}), source("http://b.example", {"s"}),
                                    source("http://c.example/api", {"s"}), source("http://d.example/%7Eme", {"s"})})));
    texts names;
    for (const auto& a : o.archives) names.push_back(a.name);
    CHECK(names == texts{"ubuntu", "y-ubuntu", "b.example", "c.example-api", "7eme"});
}

TEST_CASE("draft: a source without Signed-By is verified by what apt trusts", "[config][draft]") {
    auto s = source("http://a.example/debian", {"s"});
    s.signed_by.clear();
    CHECK(parsed(config::draft(input({s}))).archives.at(0).keyring == texts{"/etc/apt/trusted.gpg.d/a.asc"});
    s.signed_by = {"0123456789ABCDEF0123456789ABCDEF01234567"};
    const auto d = config::draft(input({s}));
    CHECK(parsed(d).archives.at(0).keyring == texts{"/etc/apt/trusted.gpg.d/a.asc"});
    CHECK(d.notes.size() == 1);
}

TEST_CASE("draft: a source that nothing can verify is left out", "[config][draft]") {
    auto s = source("http://a.example/debian", {"s"});
    s.signed_by.clear();
    auto in = input({s});
    in.trusted_keyrings.clear();
    const auto d = config::draft(in);
    CHECK(d.archives == 0);
    CHECK(d.notes == texts{"/etc/apt/sources.list:1: no keyring to verify 'http://a.example/debian' with; left out"});
    CHECK(parsed(d).archives.empty());

    auto gone = input({source("http://a.example/debian", {"s"})});
    gone.is_file = [](const std::string&) { return false; };
    CHECK(config::draft(gone).archives == 0);
}

TEST_CASE("draft: a key inside a source becomes a file beside the configuration", "[config][draft]") {
    auto s = source("http://a.example/debian", {"s"});
    s.signed_by.clear();
    s.inline_key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n-----END PGP PUBLIC KEY BLOCK-----\n";
    auto in = input({s});
    in.folder = "/srv/conf";
    const auto d = config::draft(in);
    REQUIRE(d.files.size() == 1);
    CHECK(d.files[0].path == "/srv/conf/keyrings/debian.asc");
    CHECK(d.files[0].bytes == s.inline_key);
    CHECK(parsed(d).archives.at(0).keyring == texts{"/srv/conf/keyrings/debian.asc"});
}

TEST_CASE("draft: a password in a URL goes to a file that only its owner reads", "[config][draft]") {
    const auto d = config::draft(input({source("https://me:p%40ss@a.example/debian", {"s"})}));
    REQUIRE(d.files.size() == 1);
    CHECK(d.files[0].bytes == "p@ss\n");
    CHECK(d.files[0].mode == 0600);
    CHECK(d.text.find("p@ss") == std::string::npos);
    const auto o = parsed(d);
    CHECK(o.archives.at(0).user == "me");
    CHECK(o.archives.at(0).upstream == texts{"https://a.example/debian"});
}

TEST_CASE("draft: an upstream that only has private addresses is named in private_networks", "[config][draft]") {
    auto in = input({source("http://a.example/debian", {"s"})});
    in.resolve = [](const std::string& host) { return host == "a.example" ? texts{"10.1.2.3", "fd00::1"} : texts{}; };
    CHECK(parsed(config::draft(in)).upstream.private_networks == texts{"10.1.2.3/32", "fd00::1/128"});
    in.resolve = [](const std::string&) { return texts{"10.1.2.3", "93.184.216.34"}; };
    CHECK(parsed(config::draft(in)).upstream.private_networks.empty());
    in.resolve = [](const std::string&) { return texts{}; };
    const auto unknown = config::draft(in);
    CHECK(parsed(unknown).upstream.private_networks.empty());
    CHECK(unknown.notes == texts{"a.example: cannot be resolved from here now"});

    auto literal = input({source("http://10.0.0.1:8080/debian", {"s"}), source("http://[::1]/debian", {"t"})});
    literal.resolve = [](const std::string&) -> texts { throw std::logic_error{"an address is not a name"}; };
    CHECK(parsed(config::draft(literal)).upstream.private_networks.empty());
}

TEST_CASE("draft: apt's own settings are taken over, but never a way back to this server", "[config][draft]") {
    auto in = input({source("http://a.example/debian", {"s"}), source("http://127.0.0.1:3142/debian", {"s"})});
    in.proxy = "http://proxy.archive.example:8080/";
    in.check_valid_until = false;
    const auto d = config::draft(in);
    auto o = parsed(d);
    CHECK(o.archives.size() == 1);
    CHECK(o.upstream.proxy == "http://proxy.archive.example:8080");
    CHECK_FALSE(o.archives[0].check_valid_until);
    in.proxy = "http://127.0.0.1:3142";
    CHECK(parsed(config::draft(in)).upstream.proxy.empty());
}

TEST_CASE("draft: every way to say this machine, with the port of listen, is this server itself", "[config][draft]") {
    const auto archives = [](const std::string& listen, const std::string& uri) {
        auto in = input({source(uri, {"s"})});
        in.listen = listen;
        in.own_addresses = {"192.0.2.7", "2001:db8::7", "not an address"};
        in.resolve = [](const std::string& host) {
            if (host == "me.example") return texts{"192.0.2.7"};
            if (host == "old-me.example") return texts{"127.0.1.1"};
            return texts{"93.184.216.34"};
        };
        in.proxy = uri.substr(0, uri.rfind('/'));
        const auto d = config::draft(in);
        const auto o = parsed(d);
        CHECK(o.upstream.proxy.empty() == o.archives.empty());
        CHECK(d.notes.size() == (o.archives.empty() ? 2 : 0));
        return o.archives.size();
    };
    for (const auto* listen :
         {"127.0.0.1:3142", "*:3142", "0.0.0.0:3142", "[::]:3142", "[::1]:3142", "198.51.100.1:3142"})
        for (const auto* uri :
             {"http://127.0.0.1:3142/debian", "http://localhost:3142/debian", "http://[::1]:3142/debian",
              "http://0.0.0.0:3142/debian", "http://127.0.1.1:3142/debian", "https://LOCALHOST:3142/x",
              "http://192.0.2.7:3142/debian", "http://[2001:DB8::7]:3142/debian", "http://me.example:3142/debian",
              "http://old-me.example:3142/debian"}) {
            INFO(listen << " " << uri);
            CHECK(archives(listen, uri) == 0);
        }
    CHECK(archives("198.51.100.1:3142", "http://198.51.100.1:3142/debian") == 0);
    CHECK(archives("*:80", "http://127.0.0.1/debian") == 0);  // the scheme's own port
    // Another port, or another machine.
    CHECK(archives("*:3142", "http://127.0.0.1:3143/debian") == 1);
    CHECK(archives("*:3142", "http://localhost/debian") == 1);
    CHECK(archives("*:3142", "http://93.184.216.34:3142/debian") == 1);
    CHECK(archives("*:3142", "http://peer.example:3142/debian") == 1);
    CHECK(archives("127.0.0.1:0", "http://127.0.0.1:3142/debian") == 1);
}

TEST_CASE("draft: the text is as it was", "[config][draft]") {
    auto frozen = source("http://b.example/frozen", {"./"});
    frozen.components.clear();
    frozen.check_valid_until = false;
    auto in = input({source("http://a.example/debian", {"bookworm", "bookworm-updates"}), frozen});
    in.resolve = [](const std::string& host) {
        return host == "b.example" ? texts{"192.168.1.1"} : texts{"93.184.216.34"};
    };
    check_golden("tests/config/golden/draft.toml", config::draft(in).text);
}
