#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

/// The whole text as a number; nothing when it is none.
inline std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

}  // namespace larder
