#pragma once

#include "maintenance/known_states.hpp"
#include <larder/net/maintenance.hpp>

namespace larder::net::maintenance {

/// What of a state is not here, or not whole (its file is set aside by then). Empty: it is whole.
std::vector<digest> missing_of(const store::object_store& objects, const state_ref& of);

/// Tries to bring a broken state back: its signed text out of its own release files, and all of it from
/// upstream as long as that has the same one. Success only when the result has the state's own id and
/// nothing of it is missing any more. Keys and signatures count as for any refresh.
result<void> restore(engine& e, const state_ref& of, std::stop_token stop);

/// Gives up on a state that cannot be read: forgets one of the history; replaces a current one by the
/// last before it that is whole, or forgets it. Says what was done.
result<std::string> give_up(engine& e, const state_ref& of, const std::vector<state_ref>& all);

}  // namespace larder::net::maintenance
