#include <catch2/catch.hpp>
#include <larder/base/units.hpp>

using namespace larder;
using namespace std::chrono_literals;

TEST_CASE("sizes: binary and decimal units, a bare number is bytes", "[base]") {
    CHECK(*parse_size("50 GiB") == 50ULL << 30);
    CHECK(*parse_size("64KiB") == 65536);
    CHECK(*parse_size("10MB") == 10'000'000);
    CHECK(*parse_size("0") == 0);
    for (const auto* bad : {"", "-1", "1.5 GiB", "GiB", "1 XiB", "99999999999999999999", "9223372036854775807 KiB"})
        CHECK_FALSE(parse_size(bad));
}

TEST_CASE("durations: a unit is required, except for zero", "[base]") {
    CHECK(*parse_duration("30s") == 30s);
    CHECK(*parse_duration("5 min") == 5min);
    CHECK(*parse_duration("250ms") == 250ms);
    CHECK(*parse_duration("0") == 0ms);
    CHECK_FALSE(parse_duration("30"));
}

TEST_CASE("format: what people read", "[base]") {
    CHECK(format_size(812) == "812 B");
    CHECK(format_size(1536) == "1.5 KiB");
    CHECK(format_size(3ULL << 40) == "3.0 TiB");
    CHECK(format_duration(3min + 5s) == "3 min 5 s");
    CHECK(format_duration(49h) == "2 d 1 h");
    CHECK(format_duration(0s) == "0 s");
}
