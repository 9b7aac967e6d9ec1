#pragma once

#include "maintenance/known_states.hpp"
#include <set>

namespace larder::net::maintenance {

/// What came of indices whose chunks were lost.
struct chunk_mending {
    std::vector<std::string> dropped;  ///< refs of files that are lost: "REF: what follows"
    std::set<digest> mended;           ///< lost files of which all that they kept is kept anew
    std::set<digest> lost;             ///< those of which something is not
};
/// Keeps them anew, of a form of the index that is here or that a mirror still has (another Larder puts it together),
/// beside what is whole. For an index that cannot be had the refs of lost files are dropped; what it shares with others
/// stays.
result<chunk_mending> mend_chunks(engine& e, const std::vector<known_state>& states, const progress_sink& tell,
                                  const std::stop_token& stop);

}  // namespace larder::net::maintenance
