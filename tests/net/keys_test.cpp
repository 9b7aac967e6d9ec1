#include "keys/keyring_package.hpp"
#include "keys/new_key.hpp"
#include "keys/publish_keys.hpp"
#include <catch2/catch.hpp>
#include <larder/net/keys.hpp>
#include <site/keys_page.hpp>

using namespace larder;
using namespace larder::net;
using namespace std::chrono_literals;

namespace {

const auto now = parse_timestamp("20261122T100000Z").value();

pockets::archive_key key_that_ends(sys_seconds when) {
    pockets::archive_key k;
    k.fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    k.expires = when;
    return k;
}

}  // namespace

TEST_CASE("keyring package: its versions grow, day by day and on one day", "[keys]") {
    using publishing::next_version;
    CHECK(next_version("", now) == "20261122.1");
    CHECK(next_version("20261122.1", now) == "20261122.2");
    CHECK(next_version("20261122.9", now) == "20261122.10");
    CHECK(next_version("20261121.7", now) == "20261122.1");
    // The clock went back.
    CHECK(next_version("20270101.3", now) == "20270101.4");
}

TEST_CASE("keyring package: its name is one that a package can have", "[keys]") {
    CHECK(publishing::keyring_package_name("cloud-archive") == "cloud-archive-keyring");
    CHECK(publishing::keyring_package_name("Cloud_Archive") == "cloud-archive-keyring");
}

TEST_CASE("keys: a warning comes sixty days before the end, and for those that are used", "[keys]") {
    auto k = key_that_ends(now + 60 * 24h + 1s);
    CHECK(warning_of(k, now).empty());
    CHECK(warning_of(k, now + 1s).find("in 60 days") != std::string::npos);
    k.expires = now + 25h;
    CHECK(warning_of(k, now).find("in 1 day:") != std::string::npos);
    k.expires = now;
    CHECK(warning_of(k, now).find("signs no more") != std::string::npos);
    for (const auto state : {pockets::key_state::gone, pockets::key_state::revoked}) {
        k.state = state;
        CHECK(warning_of(k, now).empty());
    }
    k.state = pockets::key_state::coming;
    CHECK_FALSE(warning_of(k, now).empty());
    // One that leaves before it ends is nobody's worry; one that ends before it leaves is.
    k.state = pockets::key_state::leaving;
    k.expires = now + 48h;
    k.until = now + 24h;
    CHECK(warning_of(k, now).empty());
    k.until = now + 72h;
    CHECK_FALSE(warning_of(k, now).empty());
    k.expires.reset();
    CHECK(warning_of(k, now).empty());
}

TEST_CASE("keys: the page says what each key does, and escapes what others wrote", "[keys]") {
    site::overview view;
    view.now = now;
    key_list all;
    auto k = key_that_ends(now + 24h);
    all.keys.push_back({"cloud", k, warning_of(k, now)});
    k.state = pockets::key_state::leaving;
    k.until = now + 1h;
    k.algorithm = "<b>";
    all.keys.push_back({"cloud", k, {}});
    k.state = pockets::key_state::coming;
    k.expires = now;
    all.keys.push_back({"cloud", k, {}});
    all.packages = {"cloud-keyring 20261122.1"};
    const auto page = site::keys_page(view, all);
    for (const auto* said : {"/keys/cloud.asc", "signs, and leaves", "&lt;b&gt;", "cloud-keyring 20261122.1",
                             "in 1 day:", "ended</span>", k.fingerprint.c_str()}) {
        INFO(said);
        CHECK(page.find(said) != std::string::npos);
    }
    CHECK(page.find("<b>") == std::string::npos);
    CHECK(site::keys_page(view, {}).find("There is none yet") != std::string::npos);
}
