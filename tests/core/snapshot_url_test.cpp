#include <catch2/catch.hpp>
#include <larder/core/snapshot_url.hpp>

using namespace larder;
using namespace larder::core;

namespace {

constexpr sys_seconds moment{std::chrono::seconds{1'795'242'600}};  // 20261121T063000Z

std::string file_at(std::string_view service, std::string_view path = "dists/stable/InRelease") {
    const auto made = snapshot_url::parse(service);
    return made ? join(made->base(), made->path_at(moment, path)) : "error: " + made.error().detail();
}

}  // namespace

TEST_CASE("snapshot_url: the moment stands where the mark is", "[core][snapshot_url]") {
    CHECK(file_at("https://snapshot.archive.example/archive/debian/{when}") ==
          "https://snapshot.archive.example/archive/debian/20261121T063000Z/dists/stable/InRelease");
    CHECK(file_at("https://snapshot.archive.example/archive/debian/{when}/") ==
          "https://snapshot.archive.example/archive/debian/20261121T063000Z/dists/stable/InRelease");
    CHECK(file_at("http://snapshot.archive.example:8080/{when}/debian") ==
          "http://snapshot.archive.example:8080/20261121T063000Z/debian/dists/stable/InRelease");
    CHECK(file_at("http://snapshot.archive.example/at-{when}.d/debian") ==
          "http://snapshot.archive.example/at-20261121T063000Z.d/debian/dists/stable/InRelease");
}

TEST_CASE("snapshot_url: what is encoded in it stays the same place", "[core][snapshot_url]") {
    CHECK(file_at("http://snapshot.archive.example/a%20b/{when}/c%20d", "pool/x y.deb") ==
          "http://snapshot.archive.example/a%20b/20261121T063000Z/c%20d/pool/x%20y.deb");
}

TEST_CASE("snapshot_url: without one mark in its path it is none", "[core][snapshot_url]") {
    for (const auto* text :
         {"https://snapshot.archive.example/debian", "https://snapshot.archive.example/{when}/{when}",
          "https://{when}.archive.example/debian", "https://snapshot.archive.example/debian?at={when}",
          "https://snapshot.archive.example/{when}?x=1", "snapshot.archive.example/{when}",
          "ftp://snapshot.archive.example/{when}", "https://snapshot.archive.example/20261121T063000Z/{when}",
          "{when}"}) {
        INFO(text);
        CHECK_FALSE(snapshot_url::parse(text));
    }
}
