#pragma once

#include <larder/index/release.hpp>
#include <larder/net/maintenance.hpp>
#include <larder/net/suite_state.hpp>
#include <string>
#include <vector>

namespace larder::net::maintenance {

/// An index of packages that machines of a generation ask for, of which no form is here.
struct pinned_index {
    std::string archive, suite;
    suite_state_ptr state;
    std::vector<index::release_file> forms;  ///< its compressions, the one that apt asks for first in front; never none
    std::vector<std::string> needed_by;      ///< "generation 2 of 'web'"
    std::string why;                         ///< why it is not to be had; empty before that was tried

    const digest& content() const { return *forms.front().sha256; }
    bool is_here(const store::object_store& objects) const;
    /// Where it stands in its archive, and who needs it.
    std::vector<std::string> whereabouts() const;
};

/// Of all generations, also of deployments that are removed and kept. What cannot be read of them is told elsewhere
/// (troubles_of_deployments), and passed over.
result<std::vector<pinned_index>> missing_pinned_indices(engine& e);

/// Brings what upstream still has, by its hash; of the others `why` says what became of it.
result<void> bring_back(engine& e, std::vector<pinned_index>& all, const progress_sink& tell, std::stop_token stop);

}  // namespace larder::net::maintenance
