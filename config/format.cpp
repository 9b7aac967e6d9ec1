#include "format.hpp"
#include <array>
#include <cstdio>
#include <utility>

namespace larder::config {
namespace {

template <class Table>
std::string exact(std::uint64_t value, const Table& units) {
    if (value == 0) return "0";
    for (const auto& [name, size] : units)
        if (value % size == 0) return std::to_string(value / size) + name;
    return std::to_string(value);
}

}  // namespace

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
            out += escaped;
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string exact_size(std::uint64_t bytes) {
    static constexpr std::array<std::pair<const char*, std::uint64_t>, 5> units{
        {{" TiB", 1ULL << 40}, {" GiB", 1ULL << 30}, {" MiB", 1ULL << 20}, {" KiB", 1ULL << 10}, {" B", 1}}};
    return exact(bytes, units);
}

std::string exact_duration(core::milliseconds duration) {
    static constexpr std::array<std::pair<const char*, std::uint64_t>, 5> units{
        {{"d", 86'400'000}, {"h", 3'600'000}, {" min", 60'000}, {"s", 1000}, {"ms", 1}}};
    return exact(static_cast<std::uint64_t>(duration.count()), units);
}

std::string to_text(const std::vector<std::string>& list) {
    std::string out = "[";
    for (const auto& entry : list) out += (out.size() == 1 ? "" : ", ") + quote(entry);
    return out += ']';
}

std::string range_text(std::uint64_t least, std::uint64_t most, std::string (*text)(std::uint64_t)) {
    const bool open = most == static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (open) return least == 0 ? "" : "at least " + text(least);
    return text(least) + " to " + text(most);
}

}  // namespace larder::config
