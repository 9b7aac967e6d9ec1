#pragma once

#include <larder/index/chunk_pack.hpp>
#include <larder/net/engine_parts.hpp>
#include <larder/net/suite_state.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Indices as chunks (index/chunk_pack.hpp): what is left of those of former states, for ever. The files of chunks are
// objects, each named by a ref of its own, "index/CONTENT/OBJECT", CONTENT being the SHA-256 of the index,
// uncompressed. So gc keeps them as it keeps all that a ref names, and one that others share chunks with never goes
// before them: a ref is dropped by doctor only, when its object is lost. All of it blocks.

namespace larder::net {

inline constexpr std::string_view chunks_prefix = "index/";

/// Whether a file of a Release is kept as chunks when its state is a former one: Packages, Sources, Translation.
bool is_kept_as_chunks(std::string_view path);
/// What such an index is known by: its uncompressed form; null where the Release does not name that by a SHA-256, and
/// for a file that is not kept so. Also of Contents: those of a pocket are published so.
const index::release_file* plain_form(const suite_state& state, std::string_view path);

/// Whether an index is kept as chunks, or was: one look at the refs.
bool has_chunks(const store::ref_store& refs, const digest& content);

/// The files of chunks of an index by its refs, whatever their condition.
struct chunk_ref {
    std::string name;
    std::uint64_t version = 0;
    digest content{}, object{};
};
/// All there are, or those of one index.
result<std::vector<chunk_ref>> chunk_refs(const store::ref_store& refs, const digest* content = nullptr);

/// A list of chunks whose files are all here, as far as their names tell.
struct found_chunks {
    digest object{};
    index::chunk_list list;
};
result<std::optional<found_chunks>> find_chunks(store::store& s, const digest& content);
/// Which files that a list needs are not here; the object itself where it cannot be read as one.
result<std::vector<digest>> missing_files(const store::object_store& objects, const chunk_ref& of);

/// The index, uncompressed. `absent` when its chunks are not here; next() fails with `digest_mismatch` where they are
/// damaged.
result<std::unique_ptr<index::byte_source>> open_chunks(store::store& s, const digest& content);

/// Keeps an index as chunks, of a form of it that is here (`path`: as a Release names it), beside those of the indices
/// `like`, with which it shares. Bytes that were written; 0 when it is kept already. `digest_mismatch` or `malformed`
/// when the form is damaged or not what its Release says.
result<std::uint64_t> keep_as_chunks(engine_parts& parts, const digest& content, const digest& form,
                                     std::string_view path, const std::vector<digest>& like);

/// Noted once what is here of a former state's indices is kept as chunks; derived: without it one looks again. Taken
/// back when another index of that state comes.
bool indices_are_kept(const store::catalogue& known, const digest& state);
result<void> note_indices_kept(store::catalogue& known, const digest& state);
result<void> index_of_state_came(store::catalogue& known, const digest& state);

/// Makes the index an object again, uncompressed, or in one of the forms that the chunks of a published one have: a
/// cache object like any other. `digest_mismatch` when they have no form of that hash.
result<void> join_to_object(store::store& s, const digest& content, const digest& form);

}  // namespace larder::net
