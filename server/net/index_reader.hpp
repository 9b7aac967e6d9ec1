#pragma once

#include <larder/net/engine_parts.hpp>

namespace larder::net {

/// Reads a stored index, decompressed, into the catalogue: all that it names, or an error and
/// nothing; how many stanzas of it could not be used. One that is known is not read, unless `again` says so. Blocks (a
/// second or so for the largest); runs on the pool.
result<std::uint64_t> read_index(store::store& store, std::string_view archive, const index_wanted& index);

}  // namespace larder::net
