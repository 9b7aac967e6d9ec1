#pragma once

#include "pockets/edition.hpp"

namespace larder::net::publishing {

/// Puts what the pocket says of packages into the stanzas that are to stand there. A Phased-Update-Percentage is the
/// archive's to say: one that came with a stanza is left out.
result<void> impose_overrides(const pockets::pocket& of, index_edits& edits);

}  // namespace larder::net::publishing
