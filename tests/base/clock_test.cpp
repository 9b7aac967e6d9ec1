#include <catch2/catch.hpp>
#include <larder/base/clock.hpp>

using namespace larder;

TEST_CASE("http dates: written and read back to the second", "[base]") {
    const auto t = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    REQUIRE(t);
    CHECK(t->time_since_epoch().count() == 784111777);
    CHECK(format_http_date(*t) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("http dates: any other form is malformed", "[base]") {
    for (const auto* text :
         {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
        CHECK_FALSE(parse_http_date(text));
}

TEST_CASE("release dates: the zones that apt takes, and no other", "[base]") {
    for (const auto* zone : {"UTC", "GMT", "Z", "+0000"})
        CHECK(parse_release_date(std::string{"Sat, 17 May 2025 09:13:21 "} + zone)->time_since_epoch().count() ==
              1747473201);
    CHECK(parse_release_date("Sat, 7 May 2025 9:13:21 UTC"));
    CHECK_FALSE(parse_release_date("Sat, 17 May 2025 09:13:21 CEST"));
    CHECK_FALSE(parse_release_date("Sat, 17 May 2025 09:13:21 +0200"));
    CHECK_FALSE(parse_release_date("2025-05-17"));
    CHECK_FALSE(parse_release_date("Sat, 1"));
}

TEST_CASE("timestamps of snapshots: read back, and nothing else", "[base]") {
    CHECK(format_timestamp(*parse_timestamp("20261121T063000Z")) == "20261121T063000Z");
    CHECK_FALSE(parse_timestamp("20261321T063000Z"));
    CHECK_FALSE(parse_timestamp("2026-11-21"));
}
