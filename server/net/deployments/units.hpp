#pragma once

#include <larder/deployments/drift.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/net/deployments.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

namespace larder::net::pinning {

/// Refs "unit/DEPLOYMENT/UNIT"; the object that the value of one names, with what the unit has installed.
inline constexpr std::string_view unit_prefix = "unit/";
result<digest> report_in(std::string_view unit_ref);
/// What a report has at most.
inline constexpr std::uint64_t most_report = 16 << 20;

/// Name and version of what only a part of all machines gets.
using phased_versions = std::set<std::pair<std::string, std::string>>;

/// What generations expect of their units, of those that were asked for lately: some 10 MB each. Thread-safe.
class expectations {
public:
    using made = std::shared_ptr<const deployments::expectation>;

    /// Of the generation with this manifest; reads what its indices list the first time.
    result<made> of(engine& e, const digest& id, const deployments::generation& g, const progress_sink& tell,
                    const std::stop_token& stop);
    /// Which of its versions are being phased in; null when that was not looked up yet.
    std::shared_ptr<const phased_versions> phased(const digest& id);
    std::shared_ptr<const phased_versions> keep_phased(const digest& id, phased_versions all);

private:
    std::mutex mutex_;
    std::map<digest, std::pair<made, std::uint64_t>> known_;
    std::map<digest, std::shared_ptr<const phased_versions>> phased_;
    std::uint64_t clock_ = 0;
};

/// Its units as they reported last, without their packages.
result<std::vector<unit_row>> reported_units(engine& e, const std::string& name);
/// What notes a unit whose report is here; nothing where a later one of it is known.
result<std::optional<store::ref_change>> note_of_unit(engine& e, const std::string& name, const unit_row& unit);

/// Name, architecture and version of every package that a unit of this deployment has reported.
using package_set = std::set<std::tuple<std::string, std::string, std::string>>;
result<package_set> reported_packages(engine& e, const std::string& name);

}  // namespace larder::net::pinning
