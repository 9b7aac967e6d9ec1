#pragma once

#include <larder/pockets/published_index.hpp>
#include <memory>
#include <zstd.h>

namespace larder::pockets {

/// Reads the chunks of lists. One thread's own. Keeps some descriptors open: of a long history an index has chunks in
/// hundreds of files.
class chunk_reader {
public:
    /// `own` is what pack 0 is: an object, or while that is being made a descriptor that outlives this.
    chunk_reader(const object_opener& open, const digest& own) : open_{open}, own_{own} {}
    chunk_reader(const object_opener& open, int own) : open_{open}, own_fd_{own} {}

    /// Its bytes; `digest_mismatch` when they are not its content. Valid until the next call.
    result<std::string_view> plain(const index::chunk_list& of, const index::kept_chunk& one);
    /// The frame, or the gzip member, as it stands there.
    result<std::string> stored(const index::chunk_list& of, const index::kept_chunk& one, form which);

private:
    struct freer {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    static constexpr std::size_t most_open = 32;

    result<int> descriptor(const digest& file);
    result<int> file_of(const index::chunk_list& of, const index::kept_chunk& one);

    const object_opener& open_;
    const digest own_{};
    const int own_fd_ = -1;
    std::unique_ptr<ZSTD_DCtx, freer> z_{ZSTD_createDCtx()};
    std::map<digest, unique_fd> files_;
    std::string plain_;
};

}  // namespace larder::pockets
