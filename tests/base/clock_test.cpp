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

TEST_CASE("release dates: every zone that is zero is UTC, and an offset counts", "[base]") {
    const auto at = [](const std::string& zone) { return parse_release_date("Sat, 17 May 2025 09:13:21 " + zone); };
    for (const auto* zone : {"UTC", "GMT", "Z", "+0000", "-0000", "0", "+0", "00"}) {
        CAPTURE(zone);
        REQUIRE(at(zone));
        CHECK(at(zone)->time_since_epoch().count() == 1747473201);
    }
    CHECK(format_iso(*at("+0100")) == "2025-05-17T08:13:21Z");
    CHECK(format_iso(*at("-0930")) == "2025-05-17T18:43:21Z");
    for (const auto* zone : {"CEST", "", "+", "+1", "+01", "+0160", "+1500", "+01:00", "+0100x", "+0100 (CET)"}) {
        CAPTURE(zone);
        CHECK_FALSE(at(zone));
    }
}

TEST_CASE("release dates: the three forms that apt reads, and no other", "[base]") {
    for (const auto* text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 8:49:37 UTC", "sun, 06 nov 1994 08:49:37 Z",
          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        CAPTURE(text);
        REQUIRE(parse_release_date(text));
        CHECK(parse_release_date(text)->time_since_epoch().count() == 784111777);
    }
    CHECK(format_iso(*parse_release_date("Saturday, 17-May-25 09:13:21 +0000")) == "2025-05-17T09:13:21Z");
    for (const auto* text :
         {"", "2025-05-17", "Sat, 1", "Sat, 17 May 2025 09:13:21", "Sat, 17 May 2025 09:13 UTC",
          "Sat, 17 Mai 2025 09:13:21 UTC", "Sam, 17 May 2025 09:13:21 UTC", "Sat 17 May 2025 09:13:21 UTC",
          "Sat, 31 Feb 2025 09:13:21 UTC", "Saturday, 17-May 09:13:21 UTC", "Sat, 17 May 2025 09:13:-1 UTC"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_release_date(text));
    }
}

TEST_CASE("timestamps of snapshots: read back, and nothing else", "[base]") {
    CHECK(format_timestamp(*parse_timestamp("20261121T063000Z")) == "20261121T063000Z");
    CHECK_FALSE(parse_timestamp("20261321T063000Z"));
    CHECK(format_timestamp(*parse_timestamp("20161231T235960Z")) == "20170101T000000Z");
    // One second more would be written with five digits.
    CHECK(parse_timestamp("99991231T235959Z"));
    CHECK_FALSE(parse_timestamp("99991231T235960Z"));
    CHECK_FALSE(parse_timestamp("2026-11-21"));
}
