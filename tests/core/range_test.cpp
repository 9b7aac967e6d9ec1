#include <catch2/catch.hpp>
#include <larder/core/range.hpp>

using namespace larder::core;

namespace {
constexpr byte_range whole{};
constexpr byte_range beyond{range_kind::unsatisfiable, 0, 0};
constexpr byte_range part(std::uint64_t offset, std::uint64_t length) { return {range_kind::part, offset, length}; }
}  // namespace

TEST_CASE("range: one range of a file is cut out exactly", "[core][range]") {
    CHECK(parse_range("bytes=0-0", 100) == part(0, 1));
    CHECK(parse_range("bytes=0-99", 100) == part(0, 100));
    CHECK(parse_range("bytes=10-19", 100) == part(10, 10));
    CHECK(parse_range("bytes=10-", 100) == part(10, 90));
    CHECK(parse_range("bytes=99-", 100) == part(99, 1));
    CHECK(parse_range("bytes=-1", 100) == part(99, 1));
    CHECK(parse_range("bytes=-100", 100) == part(0, 100));
    CHECK(parse_range("BYTES= 10-19 ", 100) == part(10, 10));
}

TEST_CASE("range: an end beyond the file is cut to it, a start beyond it is unsatisfiable", "[core][range]") {
    CHECK(parse_range("bytes=10-1000", 100) == part(10, 90));
    CHECK(parse_range("bytes=-1000", 100) == part(0, 100));
    CHECK(parse_range("bytes=100-", 100) == beyond);
    CHECK(parse_range("bytes=100-200", 100) == beyond);
    CHECK(parse_range("bytes=-0", 100) == beyond);
    CHECK(parse_range("bytes=0-", 0) == beyond);
    CHECK(parse_range("bytes=0-0", 0) == beyond);
    CHECK(parse_range("bytes=-1", 0) == beyond);
}

TEST_CASE("range: numbers beyond 64 bits do not wrap around", "[core][range]") {
    CHECK(parse_range("bytes=0-18446744073709551615", 100) == part(0, 100));
    CHECK(parse_range("bytes=0-18446744073709551616", 100) == part(0, 100));
    CHECK(parse_range("bytes=18446744073709551616-", 100) == beyond);
    CHECK(parse_range("bytes=-99999999999999999999999999", 100) == part(0, 100));
    CHECK(parse_range("bytes=00000000000000000000000000000001-1", 100) == part(1, 1));
    CHECK(parse_range("bytes=0-", 18446744073709551615ULL) == part(0, 18446744073709551615ULL));
}

TEST_CASE("range: what is not one range of bytes gets the whole file", "[core][range]") {
    for (const auto* text : {"",           "bytes",       "bytes=",    "bytes=-",       "bytes=--1",
                             "bytes=1",    "bytes=a-b",   "bytes=1-b", "bytes=0-1,5-6", "bytes=0-1, -1",
                             "bytes=,0-1", "lines=0-1",   "bytes=2-1", "bytes=+1-2",    "bytes=0x1-2",
                             "bytes=1 -2", "bytes=1-2-3", "bytes 0-1", " bytes=0-1",    "bytes =0-1"}) {
        INFO(text);
        CHECK(parse_range(text, 100) == whole);
    }
}
