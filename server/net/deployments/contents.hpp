#pragma once

#include "deployments/holding.hpp"
#include <larder/deployments/bundle.hpp>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace larder::net::pinning {

/// Collects what a bundle of a deployment has, each object once, in the order in which it is taken in again. The same
/// deployment gives the same list.
class contents {
public:
    explicit contents(engine& e) : e_{e} {}

    /// `absent` names what cannot be done without: a manifest, a state's Release, an index, a unit's report.
    result<void> collect(const deployments::deployment& d, const course& of);

    const deployments::bundle_list& list() const noexcept { return list_; }
    const std::set<std::string>& archives() const noexcept { return archives_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    std::size_t metadata() const noexcept { return metadata_; }  ///< objects before those that are held
    /// That it holds, and that are not here.
    const std::vector<hold_row>& missing() const noexcept { return missing_; }

private:
    result<bool> take(const digest& content);
    result<void> must_have(const digest& content, const std::string& what);
    result<void> indices_are_here(const deployments::pin& pin, const std::vector<std::string>& architectures);
    result<void> states(const deployments::pin& pin);
    result<void> state(const deployments::pin& pin, const digest& id);
    result<void> source_of_pick(const deployments::pin& pin, const digest& id);
    result<void> held(const deployments::deployment& d, const deployments::generation& g, const course& of);

    engine& e_;
    deployments::bundle_list list_;
    std::unordered_set<digest, digest_hash> seen_;
    std::set<digest> states_;
    std::set<digest> sources_;  ///< states that picks are from
    std::set<std::pair<digest, std::vector<std::string>>> indexed_;
    std::set<std::string> archives_;
    std::vector<hold_row> missing_;
    std::uint64_t bytes_ = 0;
    std::size_t metadata_ = 0;
};

/// What all of it follows from. `list` is the text of the list.
deployments::bundle_head head_of(engine& e, const deployments::deployment& d, const contents& all,
                                 std::string_view list);
/// The same, clear-signed with this store's key.
result<std::string> signed_head(engine& e, const deployments::bundle_head& head);

}  // namespace larder::net::pinning
