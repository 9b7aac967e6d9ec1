#pragma once

#include "deployments/states.hpp"

namespace larder::net::pinning {

/// Suites at states, with all that their clients need here: ready to be pinned together.
struct cut {
    std::vector<deployments::pin> pins;  ///< sorted
    std::vector<digest> objects;         ///< that must be here when the refs are written
};

/// Finds the state of each suite, asking upstream where that is due, and brings and reads the indices. All or
/// nothing: the error names the suite, and what to do.
result<cut> make_cut(engine& e, const std::vector<suite_choice>& suites, const std::vector<std::string>& architectures,
                     const progress_sink& tell, const std::stop_token& stop);

/// The state of one suite, asking upstream where that is due; nothing of it is brought.
result<digest> state_of_choice(engine& e, const suite_choice& choice, const std::stop_token& stop);

/// The architectures that the archives of these suites have configured, sorted; `bad_config` where there are none.
result<std::vector<std::string>> configured_architectures(engine& e, const std::vector<suite_choice>& suites);

/// Runs `write` while no object can be removed, if all of the cut's are here: `conflict` else.
result<deployments::deployment> pin_together(engine& e, const cut& what,
                                             const std::function<result<deployments::deployment>()>& write);

}  // namespace larder::net::pinning
