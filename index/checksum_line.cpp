#include "checksum_line.hpp"
#include <charconv>
#include <larder/base/text.hpp>

namespace larder::index::detail {
namespace {

constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view take_word(std::string_view& text) noexcept {
    std::size_t start = 0;
    while (start < text.size() && blank(text[start])) ++start;
    std::size_t end = start;
    while (end < text.size() && !blank(text[end])) ++end;
    const auto word = text.substr(start, end - start);
    text.remove_prefix(end);
    return word;
}

/// Whether clean_path would leave it as it is: parts of letters, digits and harmless signs, none of
/// them beginning with a dot.
bool is_plain(std::string_view path) noexcept {
    bool at_part = true;
    for (const char c : path) {
        if (c == '/' || c == '.') {
            if (at_part) return false;
        } else if (c <= ' ' || c == 127 || c == '\\') {
            return false;
        }
        at_part = c == '/';
    }
    return !at_part;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

std::optional<checksum_line> parse_checksum_line(std::string_view line) noexcept {
    checksum_line out;
    out.hex = take_word(line);
    const auto size = parse_number(take_word(line));
    out.name = take_word(line);
    if (!size || out.name.empty() || !take_word(line).empty()) return {};
    out.size = *size;
    return out;
}

result<void> path_under(std::string_view base, std::string_view path, std::string& out) {
    if (path.starts_with('/')) return error{errc::malformed, "'" + printable(path, 100) + "' is an absolute path"};
    out.assign(base);
    if (!base.empty() && !base.ends_with('/')) out += '/';
    out += path;
    if (out.size() <= 1000 && is_plain(out) && !path.empty()) return {};
    auto clean = clean_path(path);  // by itself first: an empty name must not become its folder
    if (clean) clean = clean_path(out);
    if (!clean)
        return error{errc::malformed, "'" + printable(path, 100) + "' is no path here: " + clean.error().detail()};
    out = std::move(*clean);
    return {};
}

}  // namespace larder::index::detail
