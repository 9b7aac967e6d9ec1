#pragma once

#include "suite.hpp"
#include <functional>
#include <larder/net/engine.hpp>
#include <map>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

namespace larder::net::maintenance {

/// A ref that names a state of a suite: the current one, or one of its history.
struct state_ref {
    std::string ref;
    std::uint64_t version = 0;
    std::string archive;
    std::string suite;
    bool current = false;
    std::optional<sys_seconds> moment;  ///< in the name of one of its history
    std::string value;                  ///< hex, as far as nobody wrote something else there
};

/// All of them: an archive's history oldest first, then its current states. Also those of archives that
/// are not configured any more.
result<std::vector<state_ref>> state_refs(const store::ref_store& refs);

/// "archive/debian/suite/bookworm" or "history/debian/bookworm@20261121T063000Z"; nothing when it is
/// neither.
std::optional<state_ref> parse_state_ref(std::string_view name);

/// A state that could be read, and the ref it is from.
struct known_state {
    state_ref from;
    suite_state_ptr state;
};

/// The states of these refs that are whole; the others are handed to `broken`.
std::vector<known_state> load_states(const store::object_store& objects, const std::vector<state_ref>& refs,
                                     const std::function<void(const state_ref&, const error&)>& broken);

using digest_set = std::unordered_set<digest, digest_hash>;

/// The indices of a former state stay until they are kept as chunks (former_indices.hpp); or, for who only asks what
/// would go then, they count as if they were.
enum class former_indices { stay, count_as_kept };
/// Everything that any ref reaches; but for what only the deployment `without` does, were it not there. An error when
/// that cannot be told: then nothing may be removed.
result<digest_set> reachable(engine& e, const std::string& without = {}, former_indices how = former_indices::stay);

/// States that are neither current nor pinned by a generation, each once, an archive's and suite's oldest first.
result<std::vector<state_ref>> former_states(store::store& s);

/// The manifest's own files, without the indices: what a state cannot be served without.
std::vector<stored_file> files_of(const state_manifest& manifest);

/// Its Release and Release.gpg, by name, where they were asked for beside its InRelease.
result<std::map<std::string, digest>> companions_of(const store::catalogue& known, const digest& state);

/// The object of a file that a Release names; nothing while it is named by a SHA-512 only and was never
/// here.
std::optional<digest> content_of(const store::catalogue& known, const index::release_file& file);

/// The file of a state that has this content; null when there is none.
const index::release_file* file_with(const store::catalogue& known, const suite_state& state, const digest& content);

/// What would fetch this file of a state again, wherever it still is.
fetch_order order_of(const known_state& of, const index::release_file& file, const digest& content,
                     const std::shared_ptr<mirror_group>& from);

/// Which indices of a state are meant; an empty list takes all.
struct index_filter {
    std::vector<std::string> components, architectures;
    bool sources = true;
    bool others = true;  ///< installer packages, SHA256SUMS, pdiffs
};

/// One file for each index that the filter takes: one that is here already, else the smallest.
std::vector<index_wanted> indices_of(const known_state& of, const index_filter& filter, store::store& from_store,
                                     const std::shared_ptr<mirror_group>& from);

}  // namespace larder::net::maintenance
