#include "deployments/states.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include <larder/net/maintenance.hpp>

// What removing a deployment frees, and forgetting one for good.

namespace larder::net {

using namespace pinning;

result<removal> removal_of(engine& e, const std::string& name) {
    removal report;
    LARDER_TRY(report.deployment, registry_of(e).find(name));
    LARDER_TRY(const auto all, maintenance::reachable(e));
    LARDER_TRY(const auto others, maintenance::reachable(e, name));
    for (const auto& content : all) {
        if (others.contains(content)) continue;
        LARDER_TRY(const auto here, e.store().objects().find(content));
        if (!here) continue;
        ++report.objects;
        report.bytes += here->size;
    }
    return report;
}

result<std::vector<deployments::deployment>> forgettable(engine& e) {
    auto listed = registry_of(e).list();
    // Of one that cannot be read nobody knows whether it was removed: larder doctor names it.
    if (!listed) return std::vector<deployments::deployment>{};
    auto all = std::move(*listed);
    const auto now = e.clock().now();
    std::erase_if(all, [now](const deployments::deployment& d) {
        return !d.removed || !d.forget_after || *d.forget_after > now;
    });
    return all;
}

result<void> forget_deployment(engine& e, const std::string& name) {
    auto& s = e.store();
    LARDER_TRY(const auto units, reported_units(e, name));
    for (const auto& one : units) LARDER_CHECK(drop_unit(e, name, one.id));
    // Its refs last: where this is interrupted it is there still, removed, and is forgotten the next time.
    LARDER_CHECK(s.holds().drop(name));
    e.held().forget(name);
    {
        const std::lock_guard lock{e.parts().refs_mutex};
        LARDER_CHECK(registry_of(e).forget(name));
        ++e.parts().refs_changed;
    }
    ++e.parts().generation;
    return record(e, {0, {}, e.clock().now(), "deployment-forget", name, "larder gc", "its grace time is over"});
}

}  // namespace larder::net
