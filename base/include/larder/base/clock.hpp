#pragma once

#include <chrono>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder {

using sys_seconds = std::chrono::sys_seconds;

/// The time of day, so that a test can be its own clock. Thread-safe. May jump either way: never
/// measure a duration or a deadline with it (std::chrono::steady_clock does that).
class wall_clock {
public:
    virtual ~wall_clock() = default;
    virtual sys_seconds now() const = 0;
};

/// The machine's own clock.
const wall_clock& system_clock() noexcept;

/// RFC 9110 section 5.6.7, the form that is sent: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(sys_seconds);
/// Only that form: apt sends no other, and If-Range must compare exactly. Else `malformed`.
result<sys_seconds> parse_http_date(std::string_view);

/// The Date and Valid-Until of a Release file, in every form that apt reads (apt-pkg/contrib/strutl.cc,
/// RFC1123StrToTime): RFC 1123 with one- or two-digit days ("Sun, 6 Nov 1994 08:49:37 UTC"), RFC 850
/// ("Sunday, 06-Nov-94 08:49:37 GMT"), asctime ("Sun Nov  6 08:49:37 1994", in UTC). The zone is GMT,
/// UTC, Z or a number. Otherwise than apt, for which a number other than zero is no date, "+0100" is
/// understood; and the two digits of RFC 850 are of 1969 to 2068, not of the last century. Else
/// `malformed`.
result<sys_seconds> parse_release_date(std::string_view);

/// "20261121T063000Z", as in /snapshot/<archive>/<when>/.
std::string format_timestamp(sys_seconds);
result<sys_seconds> parse_timestamp(std::string_view);

/// "2026-11-21T06:30:00Z", for JSON and pages.
std::string format_iso(sys_seconds);

}  // namespace larder
