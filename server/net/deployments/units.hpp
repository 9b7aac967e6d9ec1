#pragma once

#include <larder/deployments/drift.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/net/engine.hpp>
#include <map>
#include <memory>
#include <mutex>

namespace larder::net::pinning {

/// Refs "unit/DEPLOYMENT/UNIT"; the object that the value of one names, with what the unit has installed.
inline constexpr std::string_view unit_prefix = "unit/";
result<digest> report_in(std::string_view unit_ref);
/// What a report has at most.
inline constexpr std::uint64_t most_report = 16 << 20;

/// What generations expect of their units, of those that were asked for lately: some 10 MB each. Thread-safe.
class expectations {
public:
    using made = std::shared_ptr<const deployments::expectation>;

    /// Of the generation with this manifest; reads its indices (half a second for the largest suites) the first time.
    result<made> of(engine& e, const digest& id, const deployments::generation& g, const progress_sink& tell,
                    const std::stop_token& stop);

private:
    std::mutex mutex_;
    std::map<digest, std::pair<made, std::uint64_t>> known_;
    std::uint64_t clock_ = 0;
};

}  // namespace larder::net::pinning
