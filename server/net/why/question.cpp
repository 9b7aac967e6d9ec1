#include "why/question.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net::why {
namespace {

constexpr std::size_t longest = 1200;

bool is_one_of(char c, std::string_view others) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
}

/// As an architecture is called (Debian Policy 5.6.8); no version begins with a letter behind a colon, since what
/// stands before a colon there is its epoch, a number.
bool is_architecture(std::string_view text) {
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_one_of(c, "-"); });
}

error odd(std::string_view text) {
    return {errc::bad_config, "'" + printable(text, 100) +
                                  "' is no SHA-256, no package (NAME, NAME=VERSION or NAME=VERSION:ARCHITECTURE) and "
                                  "no path below an archive"};
}

}  // namespace

result<question> parse_question(std::string_view text) {
    question q;
    text = trim(text);
    if (text.empty() || text.size() > longest) return odd(text);
    if (const auto content = digest::from_hex(text)) {
        q.content = *content;
        return q;
    }
    if (text.find('/') != std::string_view::npos) {
        const auto path = clean_path(text);
        if (!path) return odd(text);
        q.path = *path;
        // It says of itself what it is.
        constexpr std::string_view by_hash = "/by-hash/SHA256/";
        if (const auto at = path->rfind(by_hash); at != std::string::npos)
            if (const auto hash = digest::from_hex(std::string_view{*path}.substr(at + by_hash.size()))) {
                q.content = *hash;
                q.path.clear();
            }
        return q;
    }
    const auto end = std::min(text.find_first_of(":="), text.size());
    q.package = text.substr(0, end);
    auto rest = text.substr(end);
    if (rest.starts_with(':')) {
        const auto equals = std::min(rest.find('='), rest.size());
        q.architecture = rest.substr(1, equals - 1);
        rest.remove_prefix(equals);
        if (!is_architecture(q.architecture)) return odd(text);
    }
    if (rest.starts_with('=')) {
        rest.remove_prefix(1);
        const auto colon = rest.rfind(':');
        if (q.architecture.empty() && colon != std::string_view::npos && is_architecture(rest.substr(colon + 1))) {
            q.architecture = rest.substr(colon + 1);
            rest = rest.substr(0, colon);
        }
        q.version = rest;
        if (q.version.empty()) return odd(text);
    }
    const bool is_name = !q.package.empty() &&
                         std::all_of(q.package.begin(), q.package.end(), [](char c) { return is_one_of(c, "+-."); });
    if (!is_name) return odd(text);
    return q;
}

}  // namespace larder::net::why
