#include <catch2/catch.hpp>
#include <pockets/shown.hpp>
#include <site/form_seal.hpp>
#include <site/pocket_feed.hpp>
#include <site/pocket_forms.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::site;

namespace {

site_request from(std::string origin, std::string fetch_site = "") {
    site_request r;
    r.host = "larder.example:3142";
    r.origin = std::move(origin);
    r.fetch_site = std::move(fetch_site);
    return r;
}

index::package_change upgrade(std::string name, std::string to) {
    index::package_change one;
    one.what = index::package_change::kind::upgraded;
    one.name = std::move(name);
    one.architecture = "amd64";
    one.before = "1.0";
    one.after = std::move(to);
    return one;
}

}  // namespace

TEST_CASE("pocket_forms: a form is taken from a page of ours, however the server is called") {
    CHECK_FALSE(from_elsewhere(from("http://larder.example:3142"), ""));
    CHECK_FALSE(from_elsewhere(from("https://LARDER.example:3142", "same-origin"), ""));
    CHECK_FALSE(from_elsewhere(from("https://packages.example"), "https://packages.example/"));
    CHECK_FALSE(from_elsewhere(from("", "same-origin"), ""));
    CHECK_FALSE(from_elsewhere(from(""), ""));
}

TEST_CASE("pocket_forms: a form of a page elsewhere is known as one") {
    for (const auto* site : {"cross-site", "same-site", "none", "x"}) {
        CHECK(from_elsewhere(from("", site), ""));
        CHECK(from_elsewhere(from("http://larder.example:3142", site), ""));
    }
    for (const auto* origin :
         {"null", "http://evil.example", "http://larder.example", "http://larder.example:3142.evil.example",
          "http://larder.example:3143", "larder.example:3142", "http://"})
        CHECK(from_elsewhere(from(origin), "https://packages.example"));
    // Without a public URL nothing is equal to it.
    CHECK(from_elsewhere(from("http://"), ""));
}

TEST_CASE("pocket_forms: what a query asks for") {
    CHECK(asks_for_step("do=promote"));
    CHECK(asks_for_step("only=a+b&do=rollback&to=3"));
    CHECK_FALSE(asks_for_step(""));
    CHECK_FALSE(asks_for_step("do=remove"));
    CHECK_FALSE(asks_for_step("done=3"));
}

TEST_CASE("form_seal: fits what it was made of, by this process") {
    const form_seal one, other;
    const auto seal = one.of("promote\n3\n4");
    CHECK(seal.size() == 64);
    CHECK(one.fits("promote\n3\n4", seal));
    CHECK_FALSE(one.fits("promote\n3\n5", seal));
    CHECK_FALSE(one.fits("promote\n3\n4", ""));
    CHECK_FALSE(one.fits("promote\n3\n4", seal.substr(1)));
    CHECK_FALSE(other.fits("promote\n3\n4", seal));
}

TEST_CASE("pocket_feed: a publication's id is a UUID of version 8, the same for the same bytes") {
    const auto id = uuid_of(sha256("a publication"));
    CHECK(id.size() == 45);
    CHECK(id.substr(0, 9) == "urn:uuid:");
    CHECK(id[23] == '8');
    CHECK(std::string_view{"89ab"}.find(id[28]) != std::string_view::npos);
    CHECK(uuid_of(sha256("a publication")) == id);
    CHECK(uuid_of(sha256("another")) != id);
}

TEST_CASE("shown: what is agreed to is the difference and what the gate has against it, for these publications") {
    using publishing::check_shown;
    using publishing::seen_in_changes;
    const std::vector<std::string> fine{"closed: passed: 3 sources"}, bad{"closed: failed: a"};
    const auto seen = seen_in_changes({upgrade("tool", "2.0")}, fine);
    CHECK(seen == seen_in_changes({upgrade("tool", "2.0")}, {"closed: passed: 4 sources"}));
    CHECK(seen != seen_in_changes({upgrade("tool", "2.1")}, fine));
    CHECK(seen != seen_in_changes({upgrade("tool", "2.0"), upgrade("more", "2.0")}, fine));
    CHECK(seen != seen_in_changes({upgrade("tool", "2.0")}, bad));
    CHECK(check_shown({}, {3, 4, seen}));
    CHECK(check_shown(shown_difference{3, 4, seen}, {3, 4, seen}));
    for (const auto& now :
         {shown_difference{4, 4, seen}, shown_difference{3, 5, seen}, shown_difference{3, 4, sha256("")}}) {
        const auto how = check_shown(shown_difference{3, 4, seen}, now);
        REQUIRE_FALSE(how);
        CHECK(how.error().code() == errc::conflict);
        CHECK(how.error().detail().find("look again") != std::string::npos);
    }
}
