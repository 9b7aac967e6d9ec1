#pragma once

#include "pockets/edition.hpp"
#include "pockets/offers.hpp"

namespace larder::net::publishing {

/// A binary package that is taken, for one architecture's index.
struct chosen_package {
    std::string name, version, architecture;
    std::string why;       ///< for whose sake; empty: it was asked for
    std::size_t from = 0;  ///< which of the offers
};

/// Which packages come into a pocket, by its architectures: for each by itself (qa/gathering.hpp); but a package for
/// all architectures that one of them needs comes to all that can have it. Reads whole indices, one architecture's at a
/// time. `absent` names a pattern that nothing fits; `refused` what cannot be fulfilled.
result<std::map<std::string, std::vector<chosen_package>>> choose_packages(engine& e, const pockets::pocket& of,
                                                                           const pull_options& options,
                                                                           const std::vector<offered_suite>& offers,
                                                                           const progress_sink& tell,
                                                                           const std::stop_token& stop);

}  // namespace larder::net::publishing
