#include <algorithm>
#include <larder/base/units.hpp>
#include <site/health.hpp>

namespace larder::net::site {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds least_stale = 10min;

health trouble(std::string reason) { return {health_level::trouble, std::move(reason)}; }

}  // namespace

std::string_view to_string(health_level level) noexcept {
    switch (level) {
        case health_level::fresh: return "fresh";
        case health_level::waiting: return "waiting";
        case health_level::stale: return "stale";
        case health_level::trouble: return "trouble";
    }
    return "trouble";
}

health judge_suite(const suite_status& suite, const core::archive_options& options, sys_seconds now) {
    if (suite.snapshot.empty()) {
        if (suite.last_error.empty()) return {health_level::waiting, "Not asked for yet."};
        return trouble("Nothing to serve yet: " + suite.last_error);
    }
    if (!suite.last_error.empty()) return trouble("The last good state is being served: " + suite.last_error);
    if (!suite.index_error.empty())
        return trouble("An index of it cannot be read, and what only that names is not served: " + suite.index_error);
    if (options.check_valid_until && suite.valid_until && *suite.valid_until < now)
        return trouble("Its Valid-Until passed " + format_duration(now - *suite.valid_until) +
                       " ago; clients refuse it until upstream signs a newer one.");
    if (!suite.validated) return {health_level::stale, "Not confirmed by upstream since the start."};
    const auto age = now - *suite.validated;
    const auto patience = std::max(least_stale, std::chrono::duration_cast<std::chrono::seconds>(2 * options.refresh));
    if (age > patience) return {health_level::stale, "Upstream was last asked " + format_duration(age) + " ago."};
    return {};
}

}  // namespace larder::net::site
