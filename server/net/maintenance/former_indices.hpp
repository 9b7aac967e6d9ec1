#pragma once

#include "maintenance/known_states.hpp"

namespace larder::net::maintenance {

/// Indices of former states: neither current nor pinned by a generation.
struct kept_indices {
    std::uint64_t indices = 0;  ///< that were kept as chunks, or would be
    std::uint64_t bytes = 0;    ///< that were written for it
};
/// Keeps as chunks what is here of the indices of former states and is not kept so yet; of a damaged one nothing can be
/// kept. Until that is done for a state, its indices stay (reachable()). The first that cannot be written ends it.
result<kept_indices> keep_former_indices(engine& e, const progress_sink& tell, const std::stop_token& stop);
/// How many that would be.
result<kept_indices> count_former_indices(engine& e, const std::stop_token& stop);

/// An index of a state, in all its forms, by its uncompressed one.
struct former_index {
    const index::release_file* plain = nullptr;
    std::vector<const index::release_file*> forms;  ///< the smallest first
};
/// Those of a state that are kept as chunks once it is a former one.
std::vector<former_index> chunked_indices(const suite_state& state);
/// The smallest form that is here; null: none is.
const index::release_file* form_here(const store::object_store& objects, const former_index& index);

/// The same index in the states around one of them, by which it may be like: of a suite's states, in order of time.
class neighbours {
public:
    neighbours(const store::object_store& objects, const std::vector<state_ref>& all) : objects_{objects}, all_{all} {}
    std::vector<digest> of(const state_ref& state, std::string_view path);

private:
    const suite_state* load(const std::string& id);

    const store::object_store& objects_;
    const std::vector<state_ref>& all_;
    std::map<std::string, suite_state_ptr> loaded_;
};

}  // namespace larder::net::maintenance
