#include <larder/base/text.hpp>
#include <larder/index/version.hpp>
#include <larder/qa/relation.hpp>
#include <string>

namespace larder::qa {
namespace {

constexpr bool alphanumeric(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool only(std::string_view text, std::string_view more) noexcept {
    for (const char c : text)
        if (!alphanumeric(c) && more.find(c) == std::string_view::npos) return false;
    return true;
}

/// What stands inside the parentheses.
result<void> read_version(std::string_view inner, alternative& out) {
    const auto operator_end = std::min(inner.find_first_not_of("<>="), inner.size());
    out.relation = operator_end == 0 ? "=" : inner.substr(0, operator_end);
    out.version = trim(inner.substr(operator_end));
    constexpr std::string_view known[] = {"<<", "<=", "=", ">=", ">>", "<", ">"};
    for (const auto one : known)
        if (out.relation == one && !out.version.empty() && only(out.version, ".+-~:")) return {};
    return error{errc::malformed, "'(" + printable(inner, 80) + ")' asks for no version"};
}

/// "name" or "name:architecture".
result<void> read_name(std::string_view text, alternative& out) {
    const auto colon = text.find(':');
    out.name = text.substr(0, colon);
    if (colon != std::string_view::npos) out.architecture = text.substr(colon + 1);
    const bool named = !out.name.empty() && alphanumeric(out.name.front()) && only(out.name, "-+._");
    const bool qualified =
        colon == std::string_view::npos || (!out.architecture.empty() && only(out.architecture, "-"));
    if (named && qualified) return {};
    return error{errc::malformed, "'" + printable(text, 80) + "' is no package's name"};
}

/// "a (>= 1) [linux-any] <!nocheck>" without what follows the version.
std::string_view without_restrictions(std::string_view text) {
    const auto close = text.find(')');
    return trim(text.substr(0, text.find_first_of("[<", close == std::string_view::npos ? 0 : close)));
}

}  // namespace

result<alternative> parse_alternative(std::string_view text) {
    alternative made;
    const auto open = text.find('(');
    LARDER_CHECK(read_name(trim(text.substr(0, open)), made));
    if (open == std::string_view::npos) return made;
    if (text.find(')', open) != text.size() - 1)
        return error{errc::malformed, "'" + printable(text, 80) + "' does not end with its version"};
    LARDER_CHECK(read_version(trim(text.substr(open + 1, text.size() - open - 2)), made));
    return made;
}

std::vector<alternative> parse_alternatives(std::string_view group) {
    std::vector<alternative> all;
    each_part(group, '|', [&](std::string_view part) {
        if (const auto one = parse_alternative(without_restrictions(part))) all.push_back(*one);
    });
    return all;
}

bool fits(const alternative& wanted, std::string_view version) {
    if (wanted.relation.empty()) return true;
    if (version.empty()) return false;
    const auto order = index::compare_versions(version, wanted.version);
    const auto& r = wanted.relation;
    if (r == "=") return order == 0;
    if (r == ">=" || r == ">") return order >= 0;  // "<" and ">" are of old, and mean what "<=" and ">=" do
    if (r == "<=" || r == "<") return order <= 0;
    if (r == ">>") return order > 0;
    if (r == "<<") return order < 0;
    return false;
}

}  // namespace larder::qa
