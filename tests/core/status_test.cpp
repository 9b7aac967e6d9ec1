#include <catch2/catch.hpp>
#include <larder/core/status.hpp>

using namespace larder;
using namespace larder::core;

namespace {
constexpr errc all[] = {
    errc::absent, errc::malformed,     errc::refused,     errc::digest_mismatch, errc::bad_signature,
    errc::stale,  errc::upstream_down, errc::timeout,     errc::too_large,       errc::full,
    errc::io,     errc::conflict,      errc::unsupported, errc::cancelled,       errc::bad_config};
}

TEST_CASE("status: only what is known to be absent is 404", "[core][status]") {
    for (const auto code : all) {
        INFO(to_string(code));
        CHECK((http_status(code) == 404) == (code == errc::absent));
        CHECK((http_status(code, origin::upstream) == 404) == (code == errc::absent));
    }
}

TEST_CASE("status: what goes wrong upstream is a 5xx that apt tries again", "[core][status]") {
    for (const auto code : all) {
        if (code == errc::absent) continue;
        const auto status = http_status(code, origin::upstream);
        INFO(to_string(code));
        CHECK((status == 500 || status == 502 || status == 503 || status == 504));
    }
}

TEST_CASE("status: every status that is sent has a phrase", "[core][status]") {
    for (const auto code : all)
        for (const auto from : {origin::request, origin::upstream})
            CHECK(reason_phrase(http_status(code, from)) != "Unknown");
    for (const int status : {200, 206, 304, 405, 416, 417, 431, 501, 505}) CHECK(reason_phrase(status) != "Unknown");
    CHECK(reason_phrase(999) == "Unknown");
}
