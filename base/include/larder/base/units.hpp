#pragma once

#include <chrono>
#include <cstdint>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder {

/// "50 GiB", "64KiB", "10MB", "4096" -> bytes. KiB/MiB/GiB/TiB are powers of 1024, kB/KB/MB/GB/TB of
/// 1000; a bare number is bytes. Negative, fractional, over 2^63-1 or otherwise odd: `malformed`.
result<std::uint64_t> parse_size(std::string_view);

/// "30s", "5 min", "12h", "7d", "250ms" -> milliseconds. A unit is required, except for "0".
result<std::chrono::milliseconds> parse_duration(std::string_view);

/// For people: "1.5 GiB", "812 B".
std::string format_size(std::uint64_t bytes);
/// For people, the two largest units: "3 d 4 h", "12 s", "0 s".
std::string format_duration(std::chrono::seconds);

}  // namespace larder
