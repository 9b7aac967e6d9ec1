#pragma once

#include "maintenance/known_states.hpp"
#include <larder/net/maintenance.hpp>

namespace larder::net::maintenance {

/// Whether a failure to read an object is about its bytes: they are not here, or are not what they should
/// be. Any other may be gone at the next try, and the bytes may be fine.
bool is_about_bytes(const error& why);

/// What is wrong with the objects that a state cannot be served without.
struct state_troubles {
    std::vector<digest> missing;                       ///< not here, or not whole (set aside by then)
    std::vector<std::pair<digest, error>> unreadable;  ///< perhaps whole: see condition::unreadable

    bool none() const noexcept { return missing.empty() && unreadable.empty(); }
};
state_troubles troubles_of(const store::object_store& objects, const state_ref& of);

/// Tries to bring a broken state back: its signed text out of its own release files, all of it from upstream as long as
/// that has the same one, or its objects from a peer. Success only when the result has the state's own id and
/// nothing of it is missing any more. Keys and signatures count as for any refresh. Not for a state of
/// which something is unreadable: that might be whole.
result<void> restore(engine& e, const state_ref& of, std::stop_token stop);

/// Gives up on a state that cannot be read: forgets one of the history; replaces a current one by the
/// last before it that is whole, or forgets it. The archive serves what its refs say from then on. Says
/// what was done. `io`, and nothing is changed, when a state that would have to be passed over cannot be
/// read now; `conflict` when the ref was changed meanwhile.
result<std::string> give_up(engine& e, const state_ref& of, const std::vector<state_ref>& all);

}  // namespace larder::net::maintenance
