#include <larder/base/text.hpp>
#include <larder/core/conditional.hpp>

namespace larder::core {
namespace {

std::string_view opaque(std::string_view tag) noexcept { return tag.starts_with("W/") ? tag.substr(2) : tag; }

/// The next entity-tag of a list; quotes may hold commas. Empty at the end, or where it is no list.
std::string_view next_tag(std::string_view& list) noexcept {
    const auto start = list.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return {};
    list.remove_prefix(start);
    const std::size_t quote = list.starts_with("W/") ? 2 : 0;
    if (list.size() <= quote || list[quote] != '"') return {};
    const auto close = list.find('"', quote + 1);
    if (close == std::string_view::npos) return {};
    const auto tag = list.substr(0, close + 1);
    list.remove_prefix(close + 1);
    return tag;
}

bool not_modified(const request_head& head, sys_seconds modified, std::string_view etag) {
    if (head.if_none_match.data() != nullptr) return etag_listed(head.if_none_match, etag);
    if (head.if_modified_since.empty()) return false;
    const auto since = parse_http_date(head.if_modified_since);
    return since && modified <= *since;
}

bool range_applies(const request_head& head, sys_seconds modified, std::string_view etag) {
    if (head.verb != method::get || head.range.empty()) return false;
    if (head.if_range.data() == nullptr) return true;
    if (head.if_range.starts_with('"')) return head.if_range == etag;
    const auto date = parse_http_date(head.if_range);
    return date && *date == modified;
}

}  // namespace

bool etag_listed(std::string_view list, std::string_view etag) noexcept {
    if (list == "*") return true;
    for (auto tag = next_tag(list); !tag.empty(); tag = next_tag(list))
        if (opaque(tag) == opaque(etag)) return true;
    return false;
}

answer decide(const request_head& head, std::uint64_t size, sys_seconds modified, std::string_view etag) noexcept {
    if (not_modified(head, modified, etag)) return {304, 0, 0};
    if (!range_applies(head, modified, etag)) return {200, 0, size};
    const auto range = parse_range(head.range, size);
    switch (range.kind) {
        case range_kind::whole: return {200, 0, size};
        case range_kind::part: return {206, range.offset, range.length};
        case range_kind::unsatisfiable: return {416, 0, 0};
    }
    return {200, 0, size};
}

bool insists(std::string_view cache_control) noexcept {
    while (!cache_control.empty()) {
        const auto comma = cache_control.find(',');
        if (iequals(trim(cache_control.substr(0, comma)), "no-cache")) return true;
        if (comma == std::string_view::npos) return false;
        cache_control.remove_prefix(comma + 1);
    }
    return false;
}

}  // namespace larder::core
