#pragma once

#include "maintenance/known_states.hpp"
#include "package_lists.hpp"
#include <larder/deployments/registry.hpp>
#include <larder/net/deployments.hpp>
#include <map>
#include <string>

namespace larder::net::pinning {

/// "debian/bookworm@20261121T063000Z": a suite, and perhaps which of its states.
struct suite_choice {
    std::string archive, suite;
    std::string when;  ///< empty: the state now
    std::string text() const { return archive + "/" + suite; }
};
/// `bad_config` says what is wrong with it.
result<suite_choice> parse_choice(std::string_view text);

/// A kept state, and the name by which a ref has it.
struct kept_state {
    std::string archive, suite;
    digest id;
    sys_seconds date{};
    bool current = false;
};

/// Whether it may be a snapshot's id or the beginning of one: at least its first 8 digits.
bool begins_id(std::string_view text);

/// All states that refs name, by archive and suite, the oldest first. An empty name takes all.
result<std::vector<kept_state>> kept_states(const store::ref_store& refs, const std::string& archive,
                                            const std::string& suite);

/// The state of a suite that was in force at a moment, or that has this id or beginning of one; with an empty
/// `when` the current one. `absent` says what is known instead.
result<kept_state> find_state(const store::ref_store& refs, const suite_choice& choice);

/// The current one, without a look at those before it, of which there may be very many; `absent` as of find_state().
result<digest> find_current(const store::ref_store& refs, const suite_choice& choice);

/// Which of a state's files its clients need, for these architectures ("source" among them for sources), each in
/// all its compressions, the one that apt asks for first in front (Acquire::CompressionTypes::Order: xz, bz2, lzma,
/// gz, lz4, zst, none).
struct needed_file {
    std::vector<const index::release_file*> forms;
    bool lists_packages = true;  ///< Packages or Sources; false for Translation
};
std::vector<needed_file> needed_files(const suite_state& state, const suite& in,
                                      const std::vector<std::string>& components,
                                      const std::vector<std::string>& architectures);

/// Which architectures' packages a file of a state lists; empty for what lists none.
std::string architecture_of(std::string_view path);

/// The indices of packages of a state, by their paths without the ending of a compression. Of these components; without
/// any, of all.
using index_forms = std::map<std::string, listed_index, std::less<>>;
result<index_forms> package_indices(const store::object_store& objects, const suite_state& state, const suite& in,
                                    const std::vector<std::string>& components,
                                    const std::vector<std::string>& architectures);
/// Those that an archive has configured: of no others its indices are brought here. Empty: all.
std::vector<std::string> components_of(engine& e, const std::string& archive);

/// The states of upstream's own that a pin takes packages from: its snapshot, and those of its picks. By id, each once.
std::vector<digest> sources_of(const deployments::pin& pin);
/// When those were published, as far as they can be read: where to look for a file that is gone elsewhere.
std::vector<sys_seconds> moments_of(const store::object_store& objects, const deployments::pin& pin);

inline deployments::registry registry_of(engine& e) { return {e.store().objects(), e.store().refs()}; }

snapshot_row row_of(engine& e, const kept_state& of, const suite_state& state);

}  // namespace larder::net::pinning
