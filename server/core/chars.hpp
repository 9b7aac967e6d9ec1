#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace larder::core {

/// What a byte may be part of in HTTP (RFC 9110 section 5.6.2, 5.5; RFC 3986 section 3.2.2).
enum char_class : std::uint8_t {
    in_token = 1,   ///< tchar
    in_value = 2,   ///< field-vchar, obs-text, SP, HTAB
    in_target = 4,  ///< printable ASCII without space
    in_host = 8,    ///< letters, digits, '-', '.', '_'
    is_digit = 16,
};

constexpr std::uint8_t classify(unsigned c) {
    const bool digit = c >= '0' && c <= '9';
    const bool alnum = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    unsigned out = 0;
    if (alnum ||
        (c < 128 && c != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos))
        out |= in_token;
    if ((c >= 32 && c != 127) || c == '\t') out |= in_value;
    if (c > 32 && c < 127) out |= in_target;
    if (alnum || c == '-' || c == '.' || c == '_') out |= in_host;
    if (digit) out |= is_digit;
    return static_cast<std::uint8_t>(out);
}

inline constexpr std::array<std::uint8_t, 256> char_table = [] {
    std::array<std::uint8_t, 256> t{};
    for (unsigned c = 0; c < 256; ++c) t[c] = classify(c);
    return t;
}();

/// Whether every byte is of the class; true for nothing at all.
inline bool all_of(std::string_view text, char_class wanted) noexcept {
    std::uint8_t seen = wanted;
    for (const char c : text) seen &= char_table[static_cast<unsigned char>(c)];
    return seen != 0;
}

/// Digits to a number; false when empty, another character, or beyond 2^63-1.
inline bool to_number(std::string_view text, std::uint64_t& out) noexcept {
    if (text.empty() || text.size() > 19 || !all_of(text, is_digit)) return false;
    out = 0;
    for (const char c : text) out = out * 10 + static_cast<std::uint64_t>(c - '0');
    return out <= 0x7fffffffffffffffULL;
}

}  // namespace larder::core
