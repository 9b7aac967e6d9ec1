#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/freshness.hpp>

namespace larder::core {

std::chrono::seconds age_of(sys_seconds validated_at, sys_seconds now) noexcept {
    return std::max(now - validated_at, std::chrono::seconds{0});
}

freshness judge(const ageing& rule, sys_seconds validated_at, sys_seconds now) noexcept {
    if (rule.kind == mutability::immutable) return freshness::fresh;
    const auto age = age_of(validated_at, now);
    if (age <= rule.max_age) return freshness::fresh;
    if (!rule.stale_allowance || age - rule.max_age <= *rule.stale_allowance) return freshness::revalidate;
    return freshness::expired;
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
