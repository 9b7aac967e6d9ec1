#pragma once

#include "deployments/states.hpp"
#include <larder/pockets/pocket.hpp>
#include <larder/qa/closure.hpp>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace larder::net::publishing {

/// A suite at a state, whose indices are here: of an archive that is cached, or of a pocket.
struct offered_suite {
    pinning::suite_choice from;
    std::string name;  ///< "debian/trixie@20261121T063000Z"
    suite_state_ptr state;
    std::vector<std::string> architectures;  ///< those of the pocket that it has; "source" among them
};

/// Finds the state, asking upstream where that is due, and brings the indices of the pocket's architectures. `refused`
/// when it has none of them, or is the pocket itself.
result<offered_suite> find_offered(engine& e, const std::string& from, const pockets::pocket& of,
                                   const progress_sink& tell, const std::stop_token& stop);

/// The state of a suite that is in force here, whether it is due or not. `absent` says how it comes here.
result<suite_state_ptr> state_in_force(engine& e, const std::string& name);

/// Calls `take` with the component, and an uncompressed index, for each of a state's Packages of an architecture, or
/// Sources for "source".
using index_taker = std::function<result<void>(const std::string& component, index::byte_source&)>;
result<void> each_index_of(engine& e, const std::string& name, const suite_state& state,
                           const std::string& architecture, const index_taker& take);

/// Calls `take` with each uncompressed Translation-en of a state that is here.
result<void> each_translation_of(engine& e, const offered_suite& of,
                                 const std::function<result<void>(index::byte_source&)>& take);

/// All packages of an architecture, in memory: the whole texts.
result<std::unique_ptr<qa::package_pool>> pool_of(engine& e, const std::string& name, const suite_state& state,
                                                  const std::string& architecture);

/// A stanza as it stands there.
struct found_stanza {
    std::string component, text;
};
/// Those of these names and versions; of several that are the same the first by component.
using name_and_version = std::pair<std::string, std::string>;
result<std::map<name_and_version, found_stanza>> stanzas_of(engine& e, const offered_suite& of,
                                                            const std::string& architecture,
                                                            const std::set<name_and_version>& wanted);

}  // namespace larder::net::publishing
