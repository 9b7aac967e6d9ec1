#pragma once

#include <deque>
#include <future>
#include <larder/pockets/published_index.hpp>

namespace larder::pockets {

/// A chunk as it is served: a zstd frame, a gzip member, and where it is asked for, a block of an xz stream. The same
/// text is always the same bytes.
struct pressed_chunk {
    std::string zstd, gzip, xz;
};
pressed_chunk press(std::string_view text, with_xz xz);

/// Puts chunks into a list and those that are new into its file, compressed on all cores, in their order.
class chunk_press {
public:
    chunk_press(const index::known_chunks& known, with_xz xz, store::incoming& out)
        : known_{known}, xz_{xz}, out_{out} {}

    /// `first`: the name of its first package.
    result<void> add(std::string text, std::string first);
    /// A chunk of another list, as it is.
    void keep(const index::chunk_list& of, const digest& object, const index::kept_chunk& one);
    /// Waits for what is compressed. The list lacks only its `content`.
    result<index::chunk_list> finish();

private:
    /// Where a new chunk will stand in the list, while it is compressed.
    struct waiting {
        std::size_t at;
        std::future<pressed_chunk> pressed;
    };

    std::size_t number_of(const digest& file);
    bool reuse(index::kept_chunk& one);
    result<void> write_oldest();

    const index::known_chunks& known_;
    const with_xz xz_;
    store::incoming& out_;
    index::chunk_list list_;
    std::deque<waiting> waiting_;
    std::map<digest, std::size_t> numbers_;  ///< of other files
};

}  // namespace larder::pockets
