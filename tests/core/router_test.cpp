#include <catch2/catch.hpp>
#include <larder/core/options.hpp>
#include <larder/core/router.hpp>

using namespace larder;
using namespace larder::core;

namespace {

router make() {
    options o;
    o.archives.resize(3);
    o.archives[0].name = "debian";
    o.archives[0].upstream = {"http://deb.example/debian", "http://127.0.0.1:8001/debian"};
    o.archives[0].aliases = {"http://alias.example"};
    o.archives[1].name = "security";
    o.archives[1].upstream = {"http://deb.example/debian-security"};
    o.archives[2].name = "secure";
    o.archives[2].upstream = {"https://tls.example/apt"};
    o.server.connect_allow = {"tls.example:443", "[2001:db8::1]:8443"};
    o.server.public_url = "http://public.example:3142/";
    const std::vector<std::string> own{"larder.example", "[::1]:3142"};
    const std::vector<std::string> local{"cloud-archive"};
    return *router::make(o, own, local);
}

request_head request(std::string_view target, method verb = method::get) {
    request_head head;
    head.verb = verb;
    head.target = target;
    return head;
}

/// A route in one line, so that tables stay readable.
struct describe {
    std::string operator()(const archive_file& r) const {
        return "archive " + std::to_string(r.archive) + " '" + r.path + "'" + (r.https ? " https" : "");
    }
    std::string operator()(const snapshot_file& r) const {
        return "snapshot " + std::to_string(r.archive) + " " + r.when + " '" + r.path + "'";
    }
    std::string operator()(const deployment_file& r) const {
        return "deployment " + r.name + (r.generation ? "@" + std::to_string(*r.generation) : "") + " " +
               std::to_string(r.archive) + " '" + r.path + "'";
    }
    std::string operator()(const deployment_page& r) const {
        return "set-up " + r.name + (r.generation ? "@" + std::to_string(*r.generation) : "") + " '" + r.file + "'";
    }
    std::string operator()(const image_file& r) const { return "image '" + r.path + "'"; }
    std::string operator()(const api_call& r) const { return "api '" + r.path + "' ?" + std::string{r.query}; }
    std::string operator()(const page& r) const { return "page '" + r.path + "' ?" + std::string{r.query}; }
    std::string operator()(const key_file& r) const { return "key " + r.name; }
    std::string operator()(const metrics&) const { return "metrics"; }
    std::string operator()(const healthz&) const { return "healthz"; }
    std::string operator()(const connect& r) const { return "connect " + r.host + " " + std::to_string(r.port); }
    std::string operator()(const not_configured& r) const { return "not configured " + std::to_string(r.status); }
    std::string operator()(const refuse& r) const {
        return "refuse " + std::to_string(r.status) + " " + std::string{to_string(r.kind)};
    }
};

std::string where(std::string_view target, method verb = method::get) {
    static const auto r = make();
    return std::visit(describe{}, r(request(target, verb)));
}

}  // namespace

TEST_CASE("router: path mode finds an archive by its name", "[core][router]") {
    CHECK(where("/debian/dists/bookworm/InRelease") == "archive 0 'dists/bookworm/InRelease'");
    CHECK(where("/security/pool/a.deb", method::head) == "archive 1 'pool/a.deb'");
    CHECK(where("/cloud-archive/dists/jammy-updates/zed/InRelease") == "archive 3 'dists/jammy-updates/zed/InRelease'");
    CHECK(where("/debian") == "archive 0 ''");
    CHECK(where("/debian/") == "archive 0 ''");
    CHECK(where("//debian/./dists//x") == "archive 0 'dists/x'");
    CHECK(where("/debian/./InRelease") == "archive 0 'InRelease'");
    CHECK(where("/ubuntu/x") == "not configured 404");
    CHECK(where("/Debian/x") == "not configured 404");
}

TEST_CASE("router: a path is decoded exactly once", "[core][router]") {
    CHECK(where("/debian/pool/g%2b%2B_1%3a2%7e3.deb") == "archive 0 'pool/g++_1:2~3.deb'");
    CHECK(where("/debian/pool/g++_1:2~3.deb") == "archive 0 'pool/g++_1:2~3.deb'");
    CHECK(where("/debian/%252e%252e/x") == "archive 0 '%2e%2e/x'");
    CHECK(where("/debian/%252fetc") == "archive 0 '%2fetc'");
    CHECK(where("/%64ebian/x") == "archive 0 'x'");
    CHECK(where("/debian/..a/b..") == "archive 0 '..a/b..'");
}

TEST_CASE("router: paths that could lead elsewhere are refused", "[core][router]") {
    for (const auto* target : {"/debian/../x",
                               "/debian/..",
                               "/../debian/x",
                               "/..",
                               "/debian/%2e%2e/x",
                               "/debian/.%2e/x",
                               "/debian/%2E./x",
                               "/debian/a%2fb",
                               "/debian/a%2Fb",
                               "/debian/a%5cb",
                               "/debian/a\\..\\b",
                               "/debian/%00",
                               "/debian/a%00.deb",
                               "/debian/%",
                               "/debian/%4",
                               "/debian/%zz",
                               "/debian/%0a",
                               "/debian/%0d%0aX",
                               "/debian/%7f",
                               "/d/../debian/x",
                               "http://deb.example/debian/../../x",
                               "http://deb.example/debian/%2e%2e/x",
                               "http://HTTPS///../x",
                               "/api/../debian",
                               "/pages/../x",
                               "/keys/../x.asc"}) {
        INFO(target);
        CHECK(where(target) == "refuse 400 bad_path");
    }
    CHECK(where("/debian/" + std::string(1000, 'a')) == "refuse 400 bad_path");
}

TEST_CASE("router: an absolute URL finds its archive by host and prefix", "[core][router]") {
    CHECK(where("http://deb.example/debian/dists/x") == "archive 0 'dists/x'");
    CHECK(where("HTTP://DEB.example:80/debian/dists/x") == "archive 0 'dists/x'");
    CHECK(where("http://deb.example./debian/x") == "archive 0 'x'");
    CHECK(where("http://deb.example/debian-security/x") == "archive 1 'x'");
    CHECK(where("http://alias.example/x") == "archive 0 'x'");
    CHECK(where("http://alias.example") == "archive 0 ''");
    CHECK(where("http://127.0.0.1:8001/debian/x") == "archive 0 'x'");
    CHECK(where("http://tls.example/apt/x") == "archive 2 'x'");
    CHECK(where("https://tls.example/apt/x") == "archive 2 'x' https");
}

TEST_CASE("router: an URL of nobody's is no open proxy", "[core][router]") {
    CHECK(where("http://other.example/debian/x") == "not configured 403");
    CHECK(where("http://deb.example/other/x") == "not configured 403");
    CHECK(where("http://deb.example:8080/debian/x") == "not configured 403");
    CHECK(where("http://127.0.0.1/debian/x") == "not configured 403");
    CHECK(where("http://127.0.0.1:8001/x") == "not configured 403");
    CHECK(where("http://169.254.169.254/latest/meta-data") == "not configured 403");
    for (const auto* target : {"http://deb.example@other.example/debian/x", "http://other.example@deb.example/debian/x",
                               "http://u:p@deb.example/debian/x", "http:///debian/x", "http://deb.example:0/debian/x",
                               "http://deb.example:99999/x", "http://0x7f.1/x", "http://deb.example\\x/debian/y",
                               "ftp://deb.example/debian/x", "deb.example/debian/x", "*", "x", "http:/deb.example/x",
                               "http://deb.example/debian/x#y", "/debian/x#y", "file:///etc/passwd"}) {
        INFO(target);
        CHECK(where(target) == "refuse 400 bad_target");
    }
}

TEST_CASE("router: apt-cacher-ng's forms are understood", "[core][router]") {
    CHECK(where("http://HTTPS///tls.example/apt/x") == "archive 2 'x' https");
    CHECK(where("http://https///tls.example:443/apt/x") == "archive 2 'x' https");
    CHECK(where("/HTTPS///tls.example/apt/x") == "archive 2 'x' https");
    CHECK(where("http://larder.example:3142/HTTPS///tls.example/apt/x") == "archive 2 'x' https");
    CHECK(where("/deb.example/debian/x") == "archive 0 'x'");
    CHECK(where("/127.0.0.1:8001/debian/x") == "archive 0 'x'");
    CHECK(where("/tls.example/apt/x") == "archive 2 'x'");
    CHECK(where("/deb.example/other/x") == "not configured 403");
    CHECK(where("http://HTTPS///other.example/x") == "not configured 403");
    CHECK(where("http://HTTPS///") == "not configured 403");
    CHECK(where("/other.example/debian/x") == "not configured 404");
}

TEST_CASE("router: our own name in an absolute URL is path mode", "[core][router]") {
    CHECK(where("http://larder.example:3142/debian/x") == "archive 0 'x'");
    CHECK(where("http://LARDER.example/debian/x") == "archive 0 'x'");
    CHECK(where("http://[::1]:3142/debian/x") == "archive 0 'x'");
    CHECK(where("http://[::1]/debian/x") == "not configured 403");
    CHECK(where("http://public.example:3142") == "page '' ?");
    CHECK(where("http://public.example/debian/x") == "not configured 403");
    CHECK(where("http://larder.example/api/v1/status?x", method::post) == "api 'v1/status' ?x");
}

TEST_CASE("router: snapshots and deployments name an archive below them", "[core][router]") {
    CHECK(where("/snapshot/debian/20261121T063000Z/dists/x") == "snapshot 0 20261121T063000Z 'dists/x'");
    CHECK(where("/snapshot/debian/abc12345") == "snapshot 0 abc12345 ''");
    CHECK(where("/snapshot/debian") == "refuse 404 unknown");
    CHECK(where("/snapshot/debian/") == "refuse 404 unknown");
    CHECK(where("/snapshot/debian/web/dists/x") == "deployment web 0 'dists/x'");
    CHECK(where("/snapshot/debian/web@7/dists/x") == "deployment web@7 0 'dists/x'");
    CHECK(where("/snapshot/debian/web@x/dists/x") == "refuse 404 unknown");
    CHECK(where("/snapshot/d/web/debian/web@7/dists/x") == "deployment web@7 0 'dists/x'");
    CHECK(where("/snapshot/d/web@3/debian/20261121T063000Z/dists/x") == "snapshot 0 20261121T063000Z 'dists/x'");
    CHECK(where("/snapshot/d/web/other/web@7/dists/x") == "refuse 404 unknown");
    CHECK(where("/snapshot/d") == "refuse 404 unknown");
    CHECK(where("/snapshot/other/abc/x") == "refuse 404 unknown");
    CHECK(where("/snapshot/debian/a~b/x") == "refuse 404 unknown");
    CHECK(where("/d/folsom/debian/dists/x") == "deployment folsom 0 'dists/x'");
    CHECK(where("/d/folsom@3/security/x") == "deployment folsom@3 1 'x'");
    CHECK(where("/d/folsom%403/security/x") == "deployment folsom@3 1 'x'");
    CHECK(where("/d/folsom@x/security/x") == "refuse 404 unknown");
    CHECK(where("/d/folsom/other/x") == "refuse 404 unknown");
    CHECK(where("/d/folsom") == "set-up folsom ''");
    CHECK(where("/d/folsom@3/") == "set-up folsom@3 ''");
    CHECK(where("/d/folsom/setup.sh") == "set-up folsom 'setup.sh'");
    CHECK(where("/d/folsom/debian") == "deployment folsom 0 ''");
    CHECK(where("/d/folsom/set%20up") == "refuse 404 unknown");
    CHECK(where("/d") == "refuse 404 unknown");
    CHECK(where("/d") == "refuse 404 unknown");
}

TEST_CASE("router: Larder's own resources are found", "[core][router]") {
    CHECK(where("/") == "page '' ?");
    CHECK(where("/?a=b") == "page '' ?a=b");
    CHECK(where("/pages/archives/debian") == "page 'archives/debian' ?");
    CHECK(where("/acng-report.html") == "page 'acng-report.html' ?");
    CHECK(where("/metrics") == "metrics");
    CHECK(where("/healthz") == "healthz");
    CHECK(where("/keys/cloud.asc") == "key cloud");
    CHECK(where("/keys/cloud") == "refuse 404 unknown");
    CHECK(where("/keys/a/b.asc") == "refuse 404 unknown");
    CHECK(where("/keys/.asc") == "refuse 404 unknown");
    CHECK(where("/images/streams/v1/index.json") == "image 'streams/v1/index.json'");
    CHECK(where("/images") == "image ''");
    CHECK(where("/api/v1/x?y=z", method::delete_) == "api 'v1/x' ?y=z");
    CHECK(where("/api") == "not configured 404");
}

TEST_CASE("router: uploads have a path of their own, which no path of the API reaches", "[core][router]") {
    CHECK(where("/upload/cloud/stable/x.deb", method::put) == "api 'upload/cloud/stable/x.deb' ?");
    CHECK(where("/upload/cloud/stable/%78.deb", method::put) == "api 'upload/cloud/stable/x.deb' ?");
    CHECK(where("/upload/cloud/../x.deb", method::put) == "refuse 400 bad_path");
    CHECK(where("/upload/cloud/stable/a%2fb", method::put) == "refuse 400 bad_path");
    CHECK(where("/api/upload/cloud/stable/x.deb", method::put) == "not configured 404");
    CHECK(where("/upload", method::put) == "refuse 405 bad_method");
}

TEST_CASE("router: files are read only, and have no query", "[core][router]") {
    for (const auto verb : {method::post, method::put, method::delete_, method::other}) {
        CHECK(where("/debian/x", verb) == "refuse 405 bad_method");
        CHECK(where("/", verb) == "refuse 405 bad_method");
        CHECK(where("/metrics", verb) == "refuse 405 bad_method");
        CHECK(where("http://deb.example/debian/x", verb) == "refuse 405 bad_method");
    }
    CHECK(where("/debian/x?y") == "refuse 404 bad_query");
    CHECK(where("/debian/x?") == "refuse 404 bad_query");
    CHECK(where("/debian?x") == "refuse 404 bad_query");
    CHECK(where("/d/folsom/debian/x?y") == "refuse 404 bad_query");
    CHECK(where("http://deb.example/debian/x?y") == "refuse 404 bad_query");
}

TEST_CASE("router: forms are taken of the pages of pockets alone", "[core][router]") {
    CHECK(where("/pages/pockets/cloud/stable", method::post) == "page 'pockets/cloud/stable' ?");
    for (const auto verb : {method::put, method::delete_, method::other})
        CHECK(where("/pages/pockets/cloud/stable", verb) == "refuse 405 bad_method");
    for (const auto* path : {"/pages/pockets", "/pages/keys", "/pages/deployments/web", "/pages/pocketsx/a"})
        CHECK(where(path, method::post) == "refuse 405 bad_method");
}

TEST_CASE("router: CONNECT reaches listed pairs only", "[core][router]") {
    CHECK(where("TLS.example:443", method::connect) == "connect tls.example 443");
    CHECK(where("[2001:db8::1]:8443", method::connect) == "connect 2001:db8::1 8443");
    CHECK(where("tls.example:22", method::connect) == "refuse 403 not_allowed");
    CHECK(where("deb.example:80", method::connect) == "refuse 403 not_allowed");
    CHECK(where("127.0.0.1:3142", method::connect) == "refuse 403 not_allowed");
    CHECK(where("tls.example", method::connect) == "refuse 400 bad_target");
    CHECK(where("u@tls.example:443", method::connect) == "refuse 400 bad_target");
    CHECK(where("http://tls.example:443/", method::connect) == "refuse 400 bad_target");
    CHECK(where("/debian/x", method::connect) == "refuse 400 bad_target");
}

TEST_CASE("router: the proxy user name is the deployment", "[core][router]") {
    const auto r = make();
    auto head = request("http://deb.example/debian/x");
    head.proxy_authorization = "Basic Zm9sc29tQDM6";  // folsom@3:
    CHECK(std::visit(describe{}, r(head)) == "deployment folsom@3 0 'x'");
    head.proxy_authorization = "Basic Li4vZXRjOg==";  // ../etc:
    CHECK(std::visit(describe{}, r(head)) == "refuse 403 not_allowed");
    head.proxy_authorization = "Bearer x";
    CHECK(std::visit(describe{}, r(head)) == "refuse 403 not_allowed");
    head.target = "/debian/x";  // not proxy mode
    CHECK(std::visit(describe{}, r(head)) == "archive 0 'x'");
}

TEST_CASE("router: what is shown of an unknown host or name cannot break a line", "[core][router]") {
    const auto r = make();
    const auto answer = r(request("/%c3%a4%3cscript%3e/x"));
    REQUIRE(std::holds_alternative<not_configured>(answer));
    CHECK(std::get<not_configured>(answer).why.find('\n') == std::string::npos);
}

TEST_CASE("router: odd entries in the configuration are refused", "[core][router]") {
    options o;
    o.server.connect_allow = {"tls.example"};
    CHECK(router::make(o).error().code() == errc::bad_config);
    o.server.connect_allow = {"*:443"};
    CHECK(router::make(o).error().code() == errc::bad_config);
    o.server.connect_allow.clear();
    const std::vector<std::string> own{"http://larder.example"};
    CHECK(router::make(o, own).error().code() == errc::bad_config);
    o.server.public_url = "larder.example";
    CHECK_FALSE(router::make(o));
}

TEST_CASE("router: a query's values are decoded as forms encode them", "[core][router]") {
    CHECK(query_value("a=1&b=x%2Fy+z&b=2", "b") == "x/y z");
    CHECK(query_value("a", "a") == "");
    CHECK(query_value("a=%41%", "a") == std::nullopt);
    CHECK(query_value("a=%4", "a") == std::nullopt);
    CHECK(query_value("a=%00", "a") == std::nullopt);
    CHECK(query_value("a=%0a", "a") == std::nullopt);
    CHECK(query_value("ab=1", "a") == std::nullopt);
    CHECK(query_value("", "a") == std::nullopt);
}
