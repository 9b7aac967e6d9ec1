#pragma once

#include <larder/index/decompress.hpp>
#include <larder/net/engine_parts.hpp>
#include <memory>

namespace larder::net {

/// A stored index, decompressed as the ending of its path says; at most 2 GiB of it: no index of any archive comes
/// near, a bomb goes far beyond.
result<std::unique_ptr<index::byte_source>> open_index(const store::object_store& objects, const digest& content,
                                                       std::string_view path);

/// The same for one that may be here as an object, or else as chunks. `absent` when it is neither.
result<std::unique_ptr<index::byte_source>> open_index(store::store& store, const index_wanted& index);

/// Reads a stored index, decompressed, into the catalogue: all that it names, or an error and
/// nothing; how many stanzas of it could not be used. One that is known is not read, unless `again` says so. Blocks (a
/// second or so for the largest); runs on the pool.
result<std::uint64_t> read_index(store::store& store, std::string_view archive, const index_wanted& index);

}  // namespace larder::net
