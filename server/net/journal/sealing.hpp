#pragma once

#include "deployments/rounds.hpp"
#include <larder/deployments/journal_copy.hpp>
#include <larder/net/engine.hpp>
#include <optional>
#include <string>
#include <vector>

// The journal's last entry, signed at intervals with the store's own key.

namespace larder::net {

/// Signs it, when it is not yet. Blocks, 100 ms or so.
result<void> seal_journal(engine& e);

/// The last seal that is there.
struct found_seal {
    deployments::journal_seal seal;
    std::string text;  ///< clear-signed
};
result<std::optional<found_seal>> last_seal(engine& e);
/// What all of them say, the oldest first; their signatures are not looked at.
result<std::vector<deployments::journal_seal>> all_seals(engine& e);
/// Whether it was signed by the store's key; what that is.
result<std::string> check_signature(engine& e, const found_seal& seal);

/// Signs when an hour has passed, or a hundred entries have come, since it was signed last. A thread of its own, with a
/// round a minute; what fails is told in the log, and tried again.
class journal_sealer {
public:
    explicit journal_sealer(engine& e);

private:
    result<bool> is_due() const;

    engine& e_;
    pinning::rounds rounds_;
};

}  // namespace larder::net
