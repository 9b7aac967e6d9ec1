#include <catch2/catch.hpp>
#include <site/api_views.hpp>
#include <site/pages.hpp>
#include <site/visitor.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::site;
using namespace std::chrono_literals;

namespace {

const sys_seconds noon = parse_timestamp("20261121T120000Z").value();

suite_status fresh_suite() {
    suite_status s;
    s.name = "bookworm";
    s.snapshot = std::string(64, 'a');
    s.date = noon - 2h;
    s.validated = noon - 90s;
    s.signers = {"4CB50190207B4758A3F73A796ED0E7B82643E131"};
    s.states = 3;
    return s;
}

suite_view view_of(suite_status status) {
    suite_view v;
    v.how = judge_suite(status, core::archive_options{}, noon);
    if (status.validated) v.age = noon - *status.validated;
    for (const auto& f : status.signers) v.signers.push_back({f, "Test Key (12) <key@archive.example>"});
    v.status = std::move(status);
    return v;
}

overview one_archive(std::vector<suite_status> suites) {
    overview view;
    view.now = noon;
    view.started = noon - 3h;
    view.version = "1.2.3";
    archive_view a;
    a.name = "debian";
    for (auto& s : suites) a.suites.push_back(view_of(std::move(s)));
    a.mirrors.push_back({"http://first.example/debian", 0, false, "", 0, 23ms});
    a.components = {"main", "contrib"};
    a.keyring = {"/usr/share/keyrings/archive.gpg"};
    view.archives.push_back(std::move(a));
    return view;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

site_request asking(std::string host, std::string accept = "") {
    site_request r;
    r.host = std::move(host);
    r.accept = std::move(accept);
    return r;
}

}  // namespace

TEST_CASE("site: a suite that upstream just confirmed is fresh") {
    const auto how = judge_suite(fresh_suite(), {}, noon);
    CHECK(how.level == health_level::fresh);
    CHECK(how.reason.empty());
}

TEST_CASE("site: a suite goes stale after twice its refresh, and not before") {
    auto s = fresh_suite();
    core::archive_options options;
    options.refresh = 3'600'000ms;
    s.validated = noon - 2h;
    CHECK(judge_suite(s, options, noon).level == health_level::fresh);
    s.validated = noon - 2h - 1s;
    const auto how = judge_suite(s, options, noon);
    CHECK(how.level == health_level::stale);
    CHECK(has(how.reason, "2 h"));
}

TEST_CASE("site: however often a suite is refreshed, it is not stale within ten minutes") {
    auto s = fresh_suite();
    core::archive_options options;
    options.refresh = 0ms;
    s.validated = noon - 600s;
    CHECK(judge_suite(s, options, noon).level == health_level::fresh);
    s.validated = noon - 601s;
    CHECK(judge_suite(s, options, noon).level == health_level::stale);
}

TEST_CASE("site: a failed refresh is trouble, and says that the last good state is served") {
    auto s = fresh_suite();
    s.last_error = "upstream_down: no mirror answers";
    const auto how = judge_suite(s, {}, noon);
    CHECK(how.level == health_level::trouble);
    CHECK(has(how.reason, "last good state"));
    CHECK(has(how.reason, "no mirror answers"));
}

TEST_CASE("site: an index that cannot be read is trouble, and told as the last error") {
    auto s = fresh_suite();
    s.index_error = "malformed: dists/bookworm/main/binary-amd64/Packages.xz: not xz";
    const auto how = judge_suite(s, {}, noon);
    CHECK(how.level == health_level::trouble);
    CHECK(has(how.reason, "Packages.xz: not xz"));
    const auto suite = archive_json(one_archive({s}).archives.front()).at("suites").at(0);
    CHECK(suite.at("last_error").as_string() == s.index_error);
}

TEST_CASE("site: a suite without a state waits until an attempt failed, then it is trouble") {
    suite_status s;
    s.name = "bookworm";
    CHECK(judge_suite(s, {}, noon).level == health_level::waiting);
    s.last_error = "bad_signature: unknown key";
    CHECK(judge_suite(s, {}, noon).level == health_level::trouble);
}

TEST_CASE("site: a Valid-Until that has passed is trouble, unless the archive does not check it") {
    auto s = fresh_suite();
    s.valid_until = noon - 1s;
    core::archive_options options;
    CHECK(judge_suite(s, options, noon).level == health_level::trouble);
    options.check_valid_until = false;
    CHECK(judge_suite(s, options, noon).level == health_level::fresh);
    s.valid_until = noon;
    options.check_valid_until = true;
    CHECK(judge_suite(s, options, noon).level == health_level::fresh);
}

TEST_CASE("site: a validation in the future, after the clock was set back, is no trouble") {
    auto s = fresh_suite();
    s.validated = noon + 1h;
    CHECK(judge_suite(s, {}, noon).level == health_level::fresh);
}

TEST_CASE("site: nothing from outside becomes markup, wherever it stands on a page") {
    const std::string evil = "<script>alert(1)</script>\"'><img src=x onerror=y>";
    auto s = fresh_suite();
    s.name = s.snapshot = s.last_error = evil;
    s.signers = {evil};
    auto view = one_archive({s});
    view.version = view.public_url = evil;
    auto& a = view.archives.front();
    a.suites.front().how.reason = evil;
    a.suites.front().signers = {{evil, evil}, {evil, ""}};
    a.name = evil;
    a.mirrors = {{evil, 3, true, evil, 2, std::nullopt}};
    a.components = a.architectures = a.keyring = {evil};
    for (const auto& page : {home_page(view, evil), archive_page(view, a, evil), lost_page(view, evil)}) {
        CHECK_FALSE(has(page, "<script"));
        CHECK_FALSE(has(page, "<img"));
        CHECK_FALSE(has(page, "onerror=y>"));
        CHECK_FALSE(has(page, "\"'>"));
        CHECK(has(page, "&lt;script&gt;"));
    }
}

TEST_CASE("site: the home page names archives, suites, ages, snapshots, signers and mirrors") {
    const auto page = home_page(one_archive({fresh_suite()}), "http://larder.example:3142");
    for (const auto* part :
         {"href=\"/pages/archive/debian\"", "bookworm", "1 min 30 s ago", "2026-11-21 10:00 UTC", ">aaaaaaaaaaaa<",
          "Test Key (12)", "http://first.example/debian", "23 ms", "All suites are fresh"})
        CHECK(has(page, part));
    CHECK_FALSE(has(page, "key@archive.example"));
}

TEST_CASE("site: the home page counts the suites that need attention") {
    auto broken = fresh_suite();
    broken.name = "sid";
    broken.last_error = "timeout: nothing came";
    const auto page = home_page(one_archive({fresh_suite(), broken}), "http://larder.example");
    CHECK(has(page, "1 suite needs attention"));
    const auto summary = page.substr(0, page.find("</section>"));
    CHECK(has(summary, "<strong>debian sid:</strong> The last good state is being served: timeout: nothing came"));
    CHECK_FALSE(has(summary, "bookworm"));
}

TEST_CASE("site: of many worries the summary names five and counts the rest") {
    std::vector<suite_status> all;
    for (int i = 0; i < 8; ++i) {
        all.push_back(fresh_suite());
        all.back().last_error = "timeout: " + std::to_string(i);
    }
    const auto page = home_page(one_archive(all), "http://x");
    const auto summary = page.substr(0, page.find("</section>"));
    CHECK(has(summary, "timeout: 4"));
    CHECK_FALSE(has(summary, "timeout: 5"));
    CHECK(has(summary, "and 3 more"));
}

TEST_CASE("site: a failing mirror is told of, though every suite is fresh") {
    auto view = one_archive({fresh_suite()});
    CHECK_FALSE(has(home_page(view, "http://x"), "failing"));
    view.archives[0].mirrors.push_back({"http://second.example/debian", 2, true, "no connection", 0, std::nullopt});
    const auto page = home_page(view, "http://x");
    CHECK(has(page, "1 mirror is failing"));
    CHECK(has(page, "2 failures in a row: no connection. Left alone for a while."));
}

TEST_CASE("site: the hit rate is never rounded up to all") {
    auto view = one_archive({fresh_suite()});
    CHECK_FALSE(view.hit_rate());
    CHECK(has(home_page(view, "http://x"), "<dd>—<small>"));
    view.hits = 9999;
    view.misses = 1;
    CHECK(has(home_page(view, "http://x"), "<dd>99.9 %<small>"));
    view.misses = 0;
    CHECK(has(home_page(view, "http://x"), "<dd>100.0 %<small>"));
}

TEST_CASE("site: who joins a fetch that is under way needed none of its own") {
    auto view = one_archive({fresh_suite()});
    view.hits = 1;
    view.joins = 2;
    view.misses = 1;
    CHECK(view.hit_rate() == 0.75);
    CHECK(has(home_page(view, "http://x"), "3 of 4 files"));
}

TEST_CASE("site: every page is one document with a title, a main part and no inline script or style") {
    const auto view = one_archive({fresh_suite()});
    for (const auto& page :
         {home_page(view, "http://x"), archive_page(view, view.archives[0], "http://x"), lost_page(view, "y")}) {
        CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        CHECK(has(page, "<title>"));
        CHECK(has(page, "<main id=\"main\">"));
        CHECK_FALSE(has(page, "style="));
        CHECK_FALSE(has(page, "<style"));
        CHECK_FALSE(has(page, "<script"));
        CHECK(page.ends_with("</html>\n"));
    }
}

TEST_CASE("site: a sources stanza names the archive by path, its suites, components and keyring") {
    const auto view = one_archive({fresh_suite()});
    CHECK(sources_stanza(view.archives[0], "http://larder.example:3142") ==
          "Types: deb\nURIs: http://larder.example:3142/debian\nSuites: bookworm\nComponents: main contrib\n"
          "Signed-By: /usr/share/keyrings/archive.gpg\n");
}

TEST_CASE("site: a sources stanza leaves out suites that upstream does not have, unless there is no other") {
    suite_status none;
    none.name = "trixie";
    const auto both = one_archive({fresh_suite(), none});
    CHECK(has(sources_stanza(both.archives[0], "http://x"), "Suites: bookworm\n"));
    const auto alone = one_archive({none});
    CHECK(has(sources_stanza(alone.archives[0], "http://x"), "Suites: trixie\n"));
}

TEST_CASE("site: a flat archive's stanza has no components, as apt demands") {
    auto flat = fresh_suite();
    flat.name = "./";
    auto view = one_archive({flat});
    view.archives[0].flat = true;
    CHECK_FALSE(has(sources_stanza(view.archives[0], "http://x"), "Components"));
}

TEST_CASE("visitor: the client lines name the host that the client named") {
    CHECK(base_url(asking("larder.example:3142"), "") == "http://larder.example:3142");
    CHECK(base_url(asking("[::1]:3142"), "") == "http://[::1]:3142");
    auto secure = asking("larder.example");
    secure.secure = true;
    CHECK(base_url(secure, "") == "https://larder.example");
}

TEST_CASE("visitor: public_url wins over the request's host") {
    CHECK(base_url(asking("10.0.0.1:3142"), "http://larder.archive.example:3142/") ==
          "http://larder.archive.example:3142");
}

TEST_CASE("visitor: a Host that a shell would do something with is in no line to copy") {
    for (const auto* host : {"", "x';reboot;'", "$(reboot)", "a b", "a`b`", "x\"", "x\\", "<script>", "a@b",
                             "host:99999", "x;y", "a&b", "x/y"})
        CHECK(base_url(asking(host), "") == "http://SERVER:3142");
    CHECK(base_url(asking("ok.example"), "http://evil.example/';reboot;'") == "http://ok.example");
    CHECK(usage_text("http://h:1") ==
          "echo 'Acquire::http::Proxy \"http://h:1\";' > /etc/apt/apt.conf.d/30larder\napt-get update\napt-get "
          "upgrade\n");
}

TEST_CASE("visitor: only who names HTML is shown a page") {
    CHECK(wants_html(asking("h", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")));
    CHECK(wants_html(asking("h", "text/plain, TEXT/HTML ; q=0.5")));
    for (const auto* accept : {"", "*/*", "text/*", "text/plain", "application/json", "text/htmlx"})
        CHECK_FALSE(wants_html(asking("h", accept)));
}

TEST_CASE("roles: a token has the role that its hash is listed with, and no other has one") {
    const std::vector<core::token_options> known{{"ci", sha256("secret").hex(), "upload"},
                                                 {"boss", to_hex(sha256("other").as_bytes()), "admin"},
                                                 {"odd", "no hash", "admin"},
                                                 {"guest", sha256("third").hex(), "guest"}};
    CHECK(role_of_token(known, "secret") == role::upload);
    CHECK(role_of_token(known, "other") == role::admin);
    CHECK(role_of_token(known, "third") == role::none);
    CHECK(role_of_token(known, "") == role::none);
    CHECK(role_of_token(known, sha256("secret").hex()) == role::none);
}
