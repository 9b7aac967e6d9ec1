#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/chunker.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// An index kept as chunks (chunker.hpp) that states share. The chunks that are new with a state are packed into one
// file: a zstd frame each, then the list of all chunks of the index as a frame of its own, then where that list is. So
// it is a file that zstd reads, and one file, and one fsync, for what is new with a state.

namespace larder::index {

/// Smaller than those of lists of packages: a state adds a whole chunk for each stanza that changed somewhere. Measured
/// on 63,000 packages of which 200 all over the index changed: a third of what chunks of 64 KiB take, for a tenth more
/// in the first state. Part of the store's format, as chunk_sizes is.
inline constexpr chunk_sizes kept_chunk_sizes{4 * 1024, 16 * 1024, 64 * 1024};

/// Where a chunk lies: a zstd frame in a file.
struct kept_chunk {
    digest content{};          ///< of its bytes
    std::uint64_t size = 0;    ///< of these; at least 1, at most 32 MiB
    std::size_t pack = 0;      ///< 0: the file that this list is in; else the number, from 1, of one of `packs`
    std::uint64_t offset = 0;  ///< in that file
    std::uint64_t stored = 0;  ///< bytes that the frame has
    /// Bytes of the same chunk as a gzip member, which lies gzip_gap behind the frame, in one that zstd skips; 0: has
    /// none.
    std::uint64_t gzip = 0;
    std::string first{};  ///< the name of its first package, of a chunk that has a gzip member
    /// Bytes of the same chunk as a block of an xz stream, which lies as far behind the member, in another frame that
    /// zstd skips; 0: has none.
    std::uint64_t xz = 0;

    bool operator==(const kept_chunk&) const = default;
};
inline constexpr std::uint64_t gzip_gap = 8;

/// All chunks of an index, in its order.
///
///     Larder-Index: 1
///     Content: SHA256 SIZE
///     Pack: SHA256
///
///     SHA256 SIZE PACK OFFSET STORED
///
/// `Content` is the index, uncompressed; a `Pack` is another file, whose chunks it has too; then a line a chunk. The
/// list of an index that Larder publishes is of format 2: each line ends with GZIP and FIRST; or where it is published
/// as .xz as well, of format 3: with GZIP, XZ and FIRST.
struct chunk_list {
    digest content{};
    std::uint64_t size = 0;
    std::vector<digest> packs;
    std::vector<kept_chunk> chunks;

    std::string write() const;
    /// Takes nothing but what write() gives, and only where the chunks are as large as the index. `malformed` names the
    /// line; `unsupported`: of a newer Larder; `too_large` over 64 MiB.
    static result<chunk_list> read(std::string_view text);

    bool operator==(const chunk_list&) const = default;
};

/// Chunks that are kept already, by their content.
struct chunk_place {
    digest file{};
    std::uint64_t offset = 0, stored = 0, gzip = 0, xz = 0;
};
using known_chunks = std::unordered_map<digest, chunk_place, digest_hash>;
/// Adds all chunks of a list that stands in `file`.
void add_chunks(known_chunks& to, const digest& file, const chunk_list& list);

/// Cuts an index, uncompressed, and hands over the file that keeps it, piece by piece: the chunks that are not known,
/// and the list. Its `content` is what has passed: whoever knows what it should be compares. An empty index has no
/// chunks. Memory: a chunk, and the list. Errors of the source and of `append` are handed on.
result<chunk_list> pack_chunks(byte_source& in, const known_chunks& known,
                               const std::function<result<void>(std::string_view)>& append);

/// What follows the chunks in such a file: the list, and where it is.
result<std::string> end_of_pack(const chunk_list& list);

/// The list in such a file. `malformed` for a file that is none, or is damaged there.
result<chunk_list> read_chunk_list(int fd);

/// The index again, chunk by chunk, each compared with its hash, and all of it with the list's `content`. `own` is the
/// file that the list is in; `open` opens that or another. `digest_mismatch` names the file in which a chunk is not
/// what it should be; what came before the final empty piece counts only if that came.
std::unique_ptr<byte_source> join_chunks(chunk_list list, const digest& own,
                                         std::function<result<unique_fd>(const digest& file)> open);

}  // namespace larder::index
