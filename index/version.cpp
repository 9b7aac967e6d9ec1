#include <larder/base/text.hpp>
#include <larder/index/version.hpp>
#include <string>

namespace larder::index {
namespace {

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// '~' before the end, the end before letters, letters before all else. Digits stand for the end of
/// the part between two numbers.
constexpr int weight(char c) noexcept {
    if (digit(c)) return 0;
    if (letter(c)) return c;
    if (c == '~') return -1;
    return static_cast<unsigned char>(c) + 256;
}

std::string_view take_number(std::string_view& text) noexcept {
    std::size_t zeros = 0;
    while (zeros < text.size() && text[zeros] == '0') ++zeros;
    std::size_t end = zeros;
    while (end < text.size() && digit(text[end])) ++end;
    const auto number = text.substr(zeros, end - zeros);
    text.remove_prefix(end);
    return number;
}

/// Of any length, without leading zeros: the longer is the larger.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

std::strong_ordering compare_parts(std::string_view a, std::string_view b) noexcept {
    while (!a.empty() || !b.empty()) {
        while ((!a.empty() && !digit(a.front())) || (!b.empty() && !digit(b.front()))) {
            const int x = a.empty() ? 0 : weight(a.front());
            const int y = b.empty() ? 0 : weight(b.front());
            if (x != y) return x <=> y;
            // Equal weights of one end and one digit cannot be: the loop runs only with a non-digit.
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
        if (const auto order = compare_numbers(take_number(a), take_number(b)); order != 0) return order;
    }
    return std::strong_ordering::equal;
}

struct parts {
    std::string_view epoch, upstream, revision;
    bool has_epoch = false, has_revision = false;
};

parts cut(std::string_view text) noexcept {
    parts p;
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        p.epoch = text.substr(0, colon);
        p.has_epoch = true;
        text.remove_prefix(colon + 1);
    }
    if (const auto hyphen = text.rfind('-'); hyphen != std::string_view::npos) {
        p.revision = text.substr(hyphen + 1);
        p.has_revision = true;
        text = text.substr(0, hyphen);
    }
    p.upstream = text;
    return p;
}

bool only(std::string_view text, std::string_view signs) noexcept {
    for (const char c : text)
        if (!digit(c) && !letter(c) && signs.find(c) == std::string_view::npos) return false;
    return true;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) noexcept {
    const auto x = cut(a), y = cut(b);
    if (const auto order = compare_parts(x.epoch, y.epoch); order != 0) return order;
    if (const auto order = compare_parts(x.upstream, y.upstream); order != 0) return order;
    return compare_parts(x.revision, y.revision);
}

result<void> check_version(std::string_view text) {
    const auto bad = [&](const char* why) {
        return error{errc::malformed, "'" + printable(text, 80) + "' is no version: " + why};
    };
    if (text.empty()) return bad("it is empty");
    const auto p = cut(text);
    if (p.has_epoch) {
        auto rest = p.epoch;
        const auto number = take_number(rest);
        if (p.epoch.empty() || !rest.empty()) return bad("the epoch is not a number");
        if (compare_numbers(number, "2147483647") > 0) return bad("the epoch is too large");
    }
    if (p.upstream.empty()) return bad("nothing stands where the upstream version should");
    if (!digit(p.upstream.front())) return bad("the upstream version does not begin with a digit");
    if (!only(p.upstream, ".-+~:")) return bad("a character that no upstream version has");
    if (p.has_revision && p.revision.empty()) return bad("nothing follows the last hyphen");
    if (!only(p.revision, ".+~")) return bad("a character that no revision has");
    return {};
}

}  // namespace larder::index
