#pragma once

#include <cstddef>
#include <functional>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <string>
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

/// The same for whoever has the pieces. After a boundary the cutter is as if new: what was cut before it has no
/// influence on what comes.
class chunk_cutter {
public:
    explicit chunk_cutter(std::function<void(std::string_view chunk)> sink, chunk_sizes sizes = {});

    /// `too_large` for a stanza of over 16 MiB.
    result<void> add(std::string_view piece);
    /// Gives what is left.
    void finish();
    /// Whether all that was added was given: the last stanza was whole, and a boundary stands behind it.
    bool at_boundary() const noexcept { return chunk_ == buffer_.size(); }

private:
    void take_stanza(std::size_t end);
    bool is_boundary(std::string_view stanza) const noexcept;
    void give(std::size_t end);
    void drop_given();

    std::function<void(std::string_view)> sink_;
    chunk_sizes sizes_;
    std::string buffer_;
    std::size_t chunk_ = 0;   // where the chunk begins that is not given yet
    std::size_t stanza_ = 0;  // where the stanza begins whose end is not seen yet
    std::size_t looked_ = 0;  // up to where no end was found
};

}  // namespace larder::index
