#pragma once

#include <chrono>
#include <condition_variable>
#include <larder/deployments/drift.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/net/deployments.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <unordered_map>

namespace larder::net::pinning {

/// Refs "unit/DEPLOYMENT/UNIT"; the object that the value of one names, with what the unit has installed.
inline constexpr std::string_view unit_prefix = "unit/";
result<digest> report_in(std::string_view unit_ref);
/// What a report has at most.
inline constexpr std::uint64_t most_report = 16 << 20;

/// Name and version of what only a part of all machines gets.
using phased_versions = std::set<std::pair<std::string, std::string>>;

/// What generations expect of their units, of those that were asked for lately (some 10 MB each), and how reports
/// compare with that. Thread-safe.
class expectations {
public:
    using made = std::shared_ptr<const deployments::expectation>;

    /// Of the generation with this manifest; reads what its indices list the first time.
    result<made> of(engine& e, const digest& id, const deployments::generation& g, const progress_sink& tell,
                    const std::stop_token& stop);
    /// Which of its versions are being phased in; null when that was not looked up yet.
    std::shared_ptr<const phased_versions> phased(const digest& id);
    std::shared_ptr<const phased_versions> keep_phased(const digest& id, phased_versions all);

    static constexpr std::size_t most_compared = 500'000;
    /// What a report comes to.
    struct compared {
        std::size_t packages = 0;
        std::vector<deployments::difference> differences;
    };
    using compared_ptr = std::shared_ptr<const compared>;
    /// Null when these two were not compared yet, or so long ago that it was forgotten.
    compared_ptr known(const digest& generation, const digest& report) const;
    /// Remembered until that is too much in all: a report may differ in each of its packages.
    compared_ptr compare(const digest& generation, const digest& report, const deployments::expectation& expected,
                         const std::vector<deployments::installed_package>& packages);
    /// Compares a report as it arrives, when it is known what the generation expects.
    void arrived(const digest& generation, const digest& report,
                 const std::vector<deployments::installed_package>& packages);

    /// Said when a unit has reported, or was forgotten, or another generation is in force.
    void changed();
    std::uint64_t changes() const;
    /// Waits until there were more changes than so many; false when it is too late before, or a stop is requested.
    bool wait(std::uint64_t since, std::chrono::steady_clock::time_point until, const std::stop_token& stop);

private:
    made find(const digest& id);

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t changes_ = 0;
    std::map<digest, std::pair<made, std::uint64_t>> known_;
    std::map<digest, std::shared_ptr<const phased_versions>> phased_;
    std::map<digest, std::unordered_map<digest, compared_ptr, digest_hash>> compared_;  ///< by generation, by report
    std::size_t compared_weight_ = 0;  ///< of reports, and their differences: some 150 bytes each
    std::uint64_t clock_ = 0;
};

/// Its units as they reported last, without their packages.
result<std::vector<unit_row>> reported_units(engine& e, const std::string& name);
/// What notes a unit whose report is here; nothing where a later one of it is known.
result<std::optional<store::ref_change>> note_of_unit(engine& e, const std::string& name, const unit_row& unit);

/// A unit is known no more, until its next report; `absent` when it was not.
result<void> drop_unit(engine& e, const std::string& name, const std::string& unit);

/// Name, architecture and version of every package that a unit of this deployment has reported.
using package_set = std::set<std::tuple<std::string, std::string, std::string>>;
result<package_set> reported_packages(engine& e, const std::string& name);

}  // namespace larder::net::pinning
