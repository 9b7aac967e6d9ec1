#include "deployments/phased.hpp"
#include "deployments/states.hpp"
#include "deployments/units.hpp"
#include "index_reader.hpp"
#include <algorithm>
#include <larder/index/phased.hpp>

namespace larder::net::pinning {
namespace {

using deployments::difference;

bool is_behind(const unit_row& unit) {
    return std::any_of(unit.differences.begin(), unit.differences.end(),
                       [](const difference& d) { return d.what == difference::kind::behind; });
}

result<void> read_index(engine& e, const listed_index& index, phased_versions& into) {
    if (index.here == nullptr || index::kind_of(index.here->path) != index::index_kind::packages) return {};
    LARDER_TRY(const auto plain, open_index(e.store().objects(), *index.here->sha256, index.here->path));
    return index::read_phased(
        *plain, [&](index::phased_package&& one) { into.emplace(std::move(one.name), std::move(one.version)); });
}

result<phased_versions> read_all(engine& e, const deployments::generation& g, const progress_sink& tell,
                                 const std::stop_token& stop) {
    phased_versions all;
    for (const auto& pin : g.pins) {
        tell({"looking what is being phased in in " + pin.archive + "/" + pin.suite, 0, 0});
        LARDER_TRY(const auto state, load_state(e.store().objects(), pin.listed()));
        LARDER_TRY(const auto indices, package_indices(e.store().objects(), *state, suite{pin.suite},
                                                       components_of(e, pin.archive), g.architectures));
        for (const auto& [stem, index] : indices) {
            if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            LARDER_CHECK(read_index(e, index, all));
        }
    }
    return all;
}

}  // namespace

result<void> name_phased(engine& e, units_report& report, const progress_sink& tell, const std::stop_token& stop) {
    if (std::none_of(report.units.begin(), report.units.end(), is_behind)) return {};
    const auto& id = report.deployment.generation;
    auto known = e.expected().phased(id);
    if (!known) {
        LARDER_TRY(const auto g, registry_of(e).load(report.deployment.name, report.deployment.head));
        auto read = read_all(e, g, tell, stop);
        if (!read && read.error().code() == errc::cancelled) return read.error();
        if (!read) return {};
        known = e.expected().keep_phased(id, std::move(*read));
    }
    for (auto& unit : report.units)
        for (auto& d : unit.differences)
            if (d.what == difference::kind::behind && known->contains({d.name, d.expected}))
                d.what = difference::kind::phased;
    return {};
}

}  // namespace larder::net::pinning
