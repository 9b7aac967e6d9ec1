#pragma once

#include <cstddef>
#include <cstdint>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace larder::index {

/// Bytes that are pulled, a piece at a time. One reader, any thread, never two at once.
class byte_source {
public:
    virtual ~byte_source() = default;

    /// The next piece, of whatever size suits the source; empty at the end, and again after it. Valid
    /// until the next call. After an error the source is of no more use.
    virtual result<std::string_view> next() = 0;
};

/// Reads a text that outlives the source, in pieces of at most `piece` bytes (0: in one).
std::unique_ptr<byte_source> memory_source(std::string_view text, std::size_t piece = 0);

/// Reads a file from its beginning, with a buffer of its own (up to 256 KiB) and without moving the
/// descriptor's position. Owns the descriptor.
std::unique_ptr<byte_source> file_source(unique_fd);

/// Hands on what another source gives, and hashes it: an index is checked by the hash of its
/// uncompressed form, too.
class hashing_source final : public byte_source {
public:
    explicit hashing_source(std::unique_ptr<byte_source>, hash_kind = hash_kind::sha256);
    result<std::string_view> next() override;

    /// How many bytes have passed.
    std::uint64_t size() const noexcept { return size_; }
    /// The hash of what has passed: of the whole only once next() gave an empty piece. Once; the
    /// first only for hash_kind::sha256.
    digest finish() { return hash_.finish(); }
    std::string finish_hex() { return hash_.finish_hex(); }

private:
    std::unique_ptr<byte_source> in_;
    hasher hash_;
    std::uint64_t size_ = 0;
};

/// Reads another source in a thread of its own, up to 4 pieces ahead: decompression on one core, what
/// reads it on another. Costs a copy of the bytes (some 10 ms for 50 MB). The thread ends with the
/// source; destroying it waits for the inner next() that is under way.
std::unique_ptr<byte_source> read_ahead(std::unique_ptr<byte_source>);

}  // namespace larder::index
