#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder::store {

/// Integers in rows are little-endian, whatever the machine.
inline void append_u64(std::string& row, std::uint64_t n) {
    for (unsigned shift = 0; shift < 64; shift += 8) row.push_back(static_cast<char>((n >> shift) & 0xffU));
}

/// The first 8 bytes; `row` has at least as many.
inline std::uint64_t read_u64(std::string_view row) {
    std::uint64_t n = 0;
    for (std::size_t i = 8; i-- > 0;) n = (n << 8) | static_cast<std::uint8_t>(row[i]);
    return n;
}

/// In keys they are big-endian, so that rows stand in their order.
inline std::array<char, 4> key_u32(std::uint32_t n) {
    return {static_cast<char>(n >> 24), static_cast<char>((n >> 16) & 0xffU), static_cast<char>((n >> 8) & 0xffU),
            static_cast<char>(n & 0xffU)};
}

}  // namespace larder::store
