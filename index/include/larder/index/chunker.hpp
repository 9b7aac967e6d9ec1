#pragma once

#include <cstddef>
#include <functional>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <string_view>

namespace larder::index {

/// The sizes of chunks, in bytes, each larger than the one before. Two states of an index share chunks only when they
/// were cut with the same numbers, so these are part of the store's format, as is the hash in chunker.cpp.
struct chunk_sizes {
    std::size_t min = 16 * 1024;
    std::size_t average = 64 * 1024;
    std::size_t max = 256 * 1024;
};

/// Cuts an index into chunks that other states of it will share. A boundary is always between two
/// stanzas (behind an empty line), and stands behind a stanza whose own bytes hash to a small value:
/// a stanza that is added, removed or changed moves the boundaries next to it and no others. The
/// probability grows with the stanza's size, so that chunks have about the same size whatever the
/// stanzas' is.
///
/// The chunks, one after the other, are the input byte for byte. Each is valid during its call, is
/// never empty, and does not depend on the pieces that the source gives. One may be smaller than
/// `min` (the last, or before a stanza that would make it exceed `max`) and larger than `max` when
/// it is a single stanza. A stanza of over 16 MiB is `too_large`. Errors of the source are handed on,
/// after chunks that may already have been given. Memory: one chunk and one piece.
result<void> cut(byte_source&, const std::function<void(std::string_view chunk)>&, chunk_sizes = {});

}  // namespace larder::index
