#pragma once

#include "maintenance/known_states.hpp"
#include <larder/net/maintenance.hpp>

namespace larder::net::maintenance {

/// Drops the derived tables and reads every index that is here, of every state, oldest first, so that
/// the latest counts. Carried over where they can be read: when objects were used, when suites were validated,
/// which files stand for a SHA-512 or beside an InRelease, and what of what is held upstream has no more. Returns how
/// many indices were read; one that cannot be is logged and left out.
result<std::uint64_t> rebuild(engine& e, const std::vector<known_state>& states, const progress_sink& tell,
                              std::stop_token stop);

}  // namespace larder::net::maintenance
