#pragma once

#include <functional>
#include <larder/deployments/journal.hpp>
#include <larder/net/pockets.hpp>
#include <string>
#include <vector>

namespace larder::net::publishing {

/// A journal entry of what is no publication.
result<void> tell_journal(engine& e, std::string what, std::string subject, const publisher& who);

/// Changes refs together with the journal entry that tells of it: after a crash there are both or neither. `change` is
/// given the refs of the entry, to be changed with its own; it is called again when something else was journalled
/// meanwhile, and its `conflict` is told when it was not that.
using ref_changes = std::vector<store::ref_change>;
result<void> change_and_tell(engine& e, std::string what, std::string subject, const publisher& who,
                             const std::function<result<void>(ref_changes)>& change);

}  // namespace larder::net::publishing
