#include <array>
#include <charconv>
#include <cstdio>
#include <larder/base/units.hpp>
#include <limits>

namespace larder {
namespace {

struct number_and_unit {
    std::uint64_t number = 0;
    std::string_view unit;
};

result<number_and_unit> split(std::string_view text, std::string_view what) {
    number_and_unit parts;
    const char* end = text.data() + text.size();
    const auto [next, err] = std::from_chars(text.data(), end, parts.number);
    if (err != std::errc{}) return error{errc::malformed, "'" + std::string{text} + "' is not a " + std::string{what}};
    parts.unit = {next, static_cast<std::size_t>(end - next)};
    while (parts.unit.starts_with(' ')) parts.unit.remove_prefix(1);
    return parts;
}

template <class Table>
result<std::uint64_t> scale(std::string_view text, const number_and_unit& parts, const Table& table,
                            std::string_view known) {
    for (const auto& [unit, factor] : table) {
        if (parts.unit != unit) continue;
        constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (parts.number > most / factor) return error{errc::malformed, "'" + std::string{text} + "' is too large"};
        return parts.number * factor;
    }
    return error{errc::malformed, "'" + std::string{text} + "' has no unit known here (" + std::string{known} + ")"};
}

using entry = std::pair<std::string_view, std::uint64_t>;
constexpr std::array<entry, 11> size_units{{{"", 1},
                                            {"B", 1},
                                            {"KiB", 1ULL << 10},
                                            {"MiB", 1ULL << 20},
                                            {"GiB", 1ULL << 30},
                                            {"TiB", 1ULL << 40},
                                            {"kB", 1000},
                                            {"KB", 1000},
                                            {"MB", 1000'000},
                                            {"GB", 1000'000'000},
                                            {"TB", 1000'000'000'000}}};
constexpr std::array<entry, 7> time_units{
    {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};

}  // namespace

result<std::uint64_t> parse_size(std::string_view text) {
    LARDER_TRY(const auto parts, split(text, "size"));
    return scale(text, parts, size_units, "B, KiB, MiB, GiB, TiB, kB, MB, GB, TB");
}

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    LARDER_TRY(const auto parts, split(text, "duration"));
    if (parts.number == 0 && parts.unit.empty()) return std::chrono::milliseconds{0};
    LARDER_TRY(const auto ms, scale(text, parts, time_units, "ms, s, min, h, d, w"));
    return std::chrono::milliseconds{static_cast<std::int64_t>(ms)};
}

std::string format_size(std::uint64_t bytes) {
    static constexpr std::array<const char*, 5> names{"B", "KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < names.size()) {
        value /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %s", value, names[unit]);
    return text;
}

std::string format_duration(std::chrono::seconds duration) {
    static constexpr std::array<std::pair<const char*, long>, 4> units{
        {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}};
    auto left = static_cast<long>(duration.count());
    if (left <= 0) return "0 s";
    std::string text;
    int shown = 0;
    for (const auto& [name, size] : units) {
        const long n = left / size;
        left %= size;
        if (n == 0 && shown == 0) continue;
        if (n != 0) text += (text.empty() ? "" : " ") + std::to_string(n) + " " + name;
        if (++shown == 2) break;
    }
    return text;
}

}  // namespace larder
