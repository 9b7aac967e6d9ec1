#pragma once

#include <larder/net/pockets.hpp>
#include <optional>
#include <string>
#include <vector>

namespace larder::net::publishing {

/// The SHA-256 of what changes, and of those of the gate's sentences that say no.
digest seen_in_changes(const std::vector<index::package_change>& changes, const std::vector<std::string>& findings);

/// `conflict` says what is another than was shown; nothing shown agrees with everything.
result<void> check_shown(const std::optional<shown_difference>& shown, const shown_difference& now);

}  // namespace larder::net::publishing
