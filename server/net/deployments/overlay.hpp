#pragma once

#include "deployments/cut.hpp"
#include "deployments/holding.hpp"
#include <larder/deployments/picking.hpp>

// States composed here: a suite's snapshot, in which some packages are as other states have them.

namespace larder::net::pinning {

/// Whether a package is looked for, by its name and its source's.
using package_filter = std::function<bool(const index::listed_package&)>;

/// What a state of a suite lists of some packages, for a generation's architectures. False where an index of it is
/// not here, nor what was read out of it: then nothing was added of that one.
result<bool> add_listings(engine& e, const deployments::generation& g, std::size_t suite, const digest& state,
                          const package_filter& wanted, std::vector<deployments::listing>& to, const course& of);

/// Composes each suite's state anew that these edits are of, from the one that the generation has so far, and pins it
/// as the overlay, dated so that clients follow (deployments/shown.hpp), with the picks that say why. What is to be
/// here when that is pinned is added to `what`. `absent` names an index that is not here.
result<void> compose_overlays(engine& e, const deployments::generation& before, deployments::generation& next,
                              const std::vector<deployments::edit>& edits, cut& what, const course& of);

/// Whether a composed state is its snapshot but for the indices of packages and the fields of its signing; and
/// whether these have the very stanzas of the snapshot's, but for the picked packages. `bad_signature` says what else
/// was changed. What the picked ones are like is not looked at.
result<void> check_overlay(engine& e, const deployments::pin& pin, const std::vector<std::string>& architectures);

}  // namespace larder::net::pinning
