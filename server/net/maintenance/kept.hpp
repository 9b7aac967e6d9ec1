#pragma once

#include "maintenance/known_states.hpp"
#include <larder/net/maintenance.hpp>

namespace larder::net::maintenance {

/// A state that a generation pins: as its archive published it, composed of that and packages of others, or the one
/// that is shown in its place.
struct pinned_state {
    std::string deployment;
    std::uint64_t generation = 0;
    state_ref state;                ///< its `ref` is the generation's
    std::optional<digest> instead;  ///< of one that is shown: the snapshot, or what was composed, in whose place
    std::optional<digest> base{};   ///< of one that was composed: the snapshot
};

/// What the refs of deployments, of units and of the journal name.
struct kept_things {
    std::vector<pinned_state> pins;
    std::vector<std::pair<digest, std::string>> objects;  ///< manifests, reports, entries; and the ref of each
    std::vector<std::string> unknown;  ///< refs of generations whose manifest cannot be read: they may pin anything

    /// Whether a generation pins this state, or may.
    bool may_pin(std::string_view state) const;
};
result<kept_things> look_at_kept(store::store& s);

/// Makes the text of a shown state again, from that of its snapshot. Its signature cannot be made again.
result<void> restore_shown(store::store& s, const pinned_state& of);

/// What is wrong with deployments, units' reports, the journal and the fetch log; what follows from it, and what to do.
result<std::vector<deployment_trouble>> troubles_of_deployments(engine& e, const std::stop_token& stop);

/// Forgets the generations that are lost and not in force, each with an entry in the journal: "REF: what was done".
result<std::vector<std::string>> give_up_generations(engine& e);

}  // namespace larder::net::maintenance
