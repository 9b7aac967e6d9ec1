#include "packed_paths.hpp"
#include <algorithm>
#include <larder/debs/contents.hpp>
#include <optional>
#include <stdexcept>

// Packed: the format's number, and for each path the length of what it has in common with the one before, that of the
// rest, and the rest. Numbers are LEB128.

namespace larder::debs {
namespace {

void put_number(std::string& out, std::size_t n) {
    for (; n >= 0x80; n >>= 7) out += static_cast<char>(0x80 | (n & 0x7f));
    out += static_cast<char>(n);
}

std::optional<std::size_t> take_number(std::string_view& in) noexcept {
    std::size_t n = 0;
    for (unsigned shift = 0; shift < 35 && !in.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        n |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return n;
    }
    return {};
}

bool one_line(std::string_view path) noexcept { return !path.empty() && path.find('\n') == std::string_view::npos; }

error no_paths(const char* why) { return {errc::malformed, std::string{"these are no packed paths: "} + why}; }

}  // namespace

namespace detail {

result<path_cursor> path_cursor::open(std::string_view packed) {
    if (packed.empty() || packed.front() != packed_paths_format) return no_paths("another format");
    return path_cursor{packed.substr(1)};
}

result<bool> path_cursor::next() {
    if (rest_.empty()) return false;
    const auto common = take_number(rest_);
    const auto own = take_number(rest_);
    if (!common || !own || *common > path_.size() || *own > rest_.size()) return no_paths("cut short");
    const auto tail = rest_.substr(0, *own);
    // In order: what follows the common part is greater than it was before, or longer.
    if (!(std::string_view{path_}.substr(*common) < tail)) return no_paths("not in order");
    path_.replace(*common, std::string::npos, tail);
    rest_.remove_prefix(*own);
    if (!one_line(path_)) return no_paths("a newline");
    return true;
}

}  // namespace detail

std::string pack_paths(std::span<const std::string> sorted) {
    std::string out{packed_paths_format};
    std::string_view before;
    for (const std::string_view path : sorted) {
        if (!one_line(path) || !(before < path)) throw std::invalid_argument{"pack_paths: not sorted, or not paths"};
        const auto common = static_cast<std::size_t>(
            std::mismatch(before.begin(), before.end(), path.begin(), path.end()).first - before.begin());
        put_number(out, common);
        put_number(out, path.size() - common);
        out += path.substr(common);
        before = path;
    }
    return out;
}

result<std::vector<std::string>> unpack_paths(std::string_view packed) {
    LARDER_TRY(auto cursor, detail::path_cursor::open(packed));
    std::vector<std::string> out;
    for (;;) {
        LARDER_TRY(const bool more, cursor.next());
        if (!more) return out;
        out.push_back(cursor.path());
    }
}

}  // namespace larder::debs
