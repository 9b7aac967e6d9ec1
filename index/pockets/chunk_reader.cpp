#include "chunk_reader.hpp"
#include <utility>

namespace larder::pockets {

result<int> chunk_reader::descriptor(const digest& file) {
    if (const auto known = files_.find(file); known != files_.end()) return known->second.get();
    if (files_.size() >= most_open) files_.clear();
    LARDER_TRY(auto fd, open_(file));
    return files_.emplace(file, std::move(fd)).first->second.get();
}

result<int> chunk_reader::file_of(const index::chunk_list& of, const index::kept_chunk& one) {
    if (one.pack == 0 && own_fd_ >= 0) return own_fd_;
    return descriptor(one.pack == 0 ? own_ : of.packs[one.pack - 1]);
}

result<std::string> chunk_reader::stored(const index::chunk_list& of, const index::kept_chunk& one, form which) {
    LARDER_TRY(const int fd, file_of(of, one));
    // One form after the other, each but the first in a frame that zstd skips.
    auto at = one.offset;
    auto size = one.stored;
    if (which != form::zstd) at += std::exchange(size, one.gzip) + index::gzip_gap;
    if (which == form::xz) at += std::exchange(size, one.xz) + index::gzip_gap;
    LARDER_TRY(auto bytes, pread_all(fd, size, at, "reading a file of chunks"));
    if (bytes.size() != size) return error{errc::digest_mismatch, "a file of chunks is shorter than its list says"};
    return bytes;
}

result<std::string_view> chunk_reader::plain(const index::chunk_list& of, const index::kept_chunk& one) {
    LARDER_TRY(const auto frame, stored(of, one, form::zstd));
    plain_.resize(one.size);
    const auto n = ZSTD_decompressDCtx(z_.get(), plain_.data(), plain_.size(), frame.data(), frame.size());
    if (ZSTD_isError(n) || n != one.size || sha256(plain_) != one.content)
        return error{errc::digest_mismatch, "a chunk of an index is damaged: larder doctor repairs it where it can"};
    return std::string_view{plain_};
}

}  // namespace larder::pockets
