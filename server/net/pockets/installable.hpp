#pragma once

#include <larder/net/engine.hpp>
#include <larder/pockets/pocket.hpp>
#include <larder/qa/gate.hpp>
#include <map>
#include <string>

namespace larder::net::publishing {

/// Stanzas of a pocket's Packages for one architecture: all that are there, and those of them that go and that come.
struct stanza_texts {
    std::string present, going, coming;
};

/// Whether with its base everything in the pocket can be installed that could be before, and all that is new
/// (qa/installability.hpp), by architecture. A pocket without a base is not asked: what its packages are installed
/// beside is not known. Reads the base's indices, some 0.5 s for 63,000 packages. `absent` when they are not here.
result<qa::finding> check_installable(engine& e, const pockets::pocket& target,
                                      const std::map<std::string, stanza_texts>& by_architecture);

}  // namespace larder::net::publishing
