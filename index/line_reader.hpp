#pragma once

#include <cstring>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <string>

namespace larder::index::detail {

/// Calls `on_line` (result<void>(std::string_view), without the newline) for each line of a source.
/// Only a line that straddles two pieces is copied. A last line without a newline counts.
template <class F>
result<void> each_line(byte_source& in, F&& on_line) {
    constexpr std::size_t limit = 16U << 20;
    const error too_long{errc::too_large, "a line of over 16 MiB"};
    std::string carry;
    for (;;) {
        LARDER_TRY(std::string_view piece, in.next());
        if (piece.empty()) break;
        const char* at = piece.data();
        const char* const end = at + piece.size();
        while (at != end) {
            const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
            const std::string_view part{at, static_cast<std::size_t>((newline ? newline : end) - at)};
            if (part.size() + carry.size() > limit) return too_long;
            if (!newline) {
                carry += part;
                break;
            }
            if (carry.empty()) {
                LARDER_CHECK(on_line(part));
            } else {
                carry += part;
                LARDER_CHECK(on_line(std::string_view{carry}));
                carry.clear();
            }
            at = newline + 1;
        }
    }
    if (!carry.empty()) LARDER_CHECK(on_line(std::string_view{carry}));
    return {};
}

}  // namespace larder::index::detail
