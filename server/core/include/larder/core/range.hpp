#pragma once

#include <cstdint>
#include <string_view>

namespace larder::core {

/// A Range field, applied to a file of known size (RFC 9110 section 14).
enum class range_kind {
    whole,          ///< absent, not understood, or several ranges: send all (14.2 allows it)
    part,           ///< 206
    unsatisfiable,  ///< 416
};

struct byte_range {
    range_kind kind = range_kind::whole;
    std::uint64_t offset = 0;  ///< of the first byte; only for `part`
    std::uint64_t length = 0;  ///< at least 1; only for `part`
    bool operator==(const byte_range&) const = default;
};

/// "bytes=a-b", "bytes=a-" or "bytes=-n". Numbers of any length are understood; the end is cut to
/// the file's. A last byte before the first is not understood, so it gets the whole file.
byte_range parse_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace larder::core
