#include "chars.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/range.hpp>
#include <limits>

namespace larder::core {
namespace {

constexpr auto huge = std::numeric_limits<std::uint64_t>::max();

/// A number of any length; beyond 64 bits it is `huge`. False for no digits or another character.
bool read_number(std::string_view text, std::uint64_t& out) noexcept {
    if (text.empty() || !all_of(text, is_digit)) return false;
    out = 0;
    for (const char c : text) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        out = out > (huge - digit) / 10 ? huge : out * 10 + digit;
    }
    return true;
}

byte_range suffix(std::uint64_t wanted, std::uint64_t size) noexcept {
    if (wanted == 0 || size == 0) return {range_kind::unsatisfiable, 0, 0};
    const auto length = std::min(wanted, size);
    return {range_kind::part, size - length, length};
}

}  // namespace

byte_range parse_range(std::string_view field, std::uint64_t size) noexcept {
    constexpr std::string_view unit = "bytes=";
    if (field.size() <= unit.size() || !iequals(field.substr(0, unit.size()), unit)) return {};
    const auto spec = trim(field.substr(unit.size()));
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return {};
    const auto from = spec.substr(0, dash), to = spec.substr(dash + 1);
    std::uint64_t first = 0, last = huge;
    if (!to.empty() && !read_number(to, last)) return {};
    if (from.empty()) return to.empty() ? byte_range{} : suffix(last, size);
    if (!read_number(from, first) || last < first) return {};
    if (first >= size) return {range_kind::unsatisfiable, 0, 0};
    return {range_kind::part, first, std::min(last, size - 1) - first + 1};
}

}  // namespace larder::core
