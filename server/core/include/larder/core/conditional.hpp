#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/core/http_head.hpp>
#include <larder/core/range.hpp>
#include <string_view>

namespace larder::core {

/// What a request gets of a file that is there.
struct answer {
    int status = 200;          ///< 200, 206, 304 or 416
    std::uint64_t offset = 0;  ///< of the first byte to send
    std::uint64_t length = 0;  ///< bytes to send; 0 for 304 and 416
    bool operator==(const answer&) const = default;
};

/// Applies the conditions and the range of a GET or HEAD (RFC 9110 section 13.2.2) to a file of
/// `size` bytes. `etag` is strong, with its quotes; `modified` is what Last-Modified says.
///
/// If-None-Match, where present, settles it and If-Modified-Since is not looked at. A date that
/// cannot be read is no condition. If-Range takes the strong ETag or exactly the Last-Modified date:
/// a date that is merely later gets the whole file, because apt resumes a file by its date alone.
/// Ranges are for GET only.
answer decide(const request_head&, std::uint64_t size, sys_seconds modified, std::string_view etag) noexcept;

/// Whether an If-None-Match list names the ETag: weakly compared, "*" names any.
bool etag_listed(std::string_view list, std::string_view etag) noexcept;

/// Whether a client's Cache-Control insists on asking upstream ("no-cache", apt's
/// Acquire::http::No-Cache). "max-age=0" does not: apt sends it with every index.
bool insists(std::string_view cache_control) noexcept;

}  // namespace larder::core
