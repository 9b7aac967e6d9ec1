#include <algorithm>
#include <cerrno>
#include <cstring>
#include <larder/index/chunk_pack.hpp>
#include <map>
#include <sys/stat.h>
#include <zstd.h>

// The file ends with a skippable frame (RFC 8878, section 3.1.2) of eight bytes, little endian: how long the frame of
// the list before it is.

namespace larder::index {
namespace {

constexpr std::uint64_t most_text = 64U << 20;
/// On text in pieces of 16 KiB the levels above save 3 to 5 % more, for five to a hundred times as much time.
constexpr int level = 3;
constexpr unsigned char mark[8] = {0x5e, 0x2a, 0x4d, 0x18, 8, 0, 0, 0};
constexpr std::size_t end_size = sizeof mark + 8;

error damaged() { return {errc::malformed, "this is no file of chunks, or it is damaged"}; }

class packer {
public:
    packer(const known_chunks& known, const std::function<result<void>(std::string_view)>& append)
        : known_{known}, append_{append} {
        ZSTD_CCtx_setParameter(z_.get(), ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(z_.get(), ZSTD_c_checksumFlag, 1);
    }

    result<void> add(std::string_view chunk) {
        hash_.update(chunk);
        list_.size += chunk.size();
        const auto content = sha256(chunk);
        if (const auto before = written_.find(content); before != written_.end()) {
            list_.chunks.push_back(before->second);
            return {};
        }
        kept_chunk one{content, chunk.size(), 0, offset_, 0};
        if (const auto there = known_.find(content); there != known_.end()) {
            one.pack = number_of(there->second.file);
            one.offset = there->second.offset;
            one.stored = there->second.stored;
        } else {
            LARDER_TRY(one.stored, write_frame(chunk));
        }
        written_.emplace(content, one);
        list_.chunks.push_back(one);
        return {};
    }

    result<chunk_list> finish() {
        list_.content = hash_.finish();
        LARDER_TRY(const auto end, end_of_pack(list_));
        LARDER_CHECK(append_(end));
        return std::move(list_);
    }

private:
    struct freer {
        void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    };

    result<std::uint64_t> write_frame(std::string_view bytes) {
        frame_.resize(ZSTD_compressBound(bytes.size()));
        const auto n = ZSTD_compress2(z_.get(), frame_.data(), frame_.size(), bytes.data(), bytes.size());
        if (ZSTD_isError(n)) return error{errc::io, std::string{"zstd: "} + ZSTD_getErrorName(n)};
        LARDER_CHECK(append_(std::string_view{frame_.data(), n}));
        offset_ += n;
        return n;
    }

    std::size_t number_of(const digest& file) {
        const auto [at, fresh] = numbers_.try_emplace(file, list_.packs.size() + 1);
        if (fresh) list_.packs.push_back(file);
        return at->second;
    }

    const known_chunks& known_;
    const std::function<result<void>(std::string_view)>& append_;
    std::unique_ptr<ZSTD_CCtx, freer> z_{ZSTD_createCCtx()};
    std::string frame_;
    std::uint64_t offset_ = 0;
    hasher hash_;
    chunk_list list_;
    std::unordered_map<digest, kept_chunk, digest_hash> written_;
    std::map<digest, std::size_t> numbers_;
};

result<std::uint64_t> size_of(int fd) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return errno_error(errno, "reading a file of chunks");
    return static_cast<std::uint64_t>(st.st_size);
}

class joined_source final : public byte_source {
public:
    joined_source(chunk_list list, const digest& own, std::function<result<unique_fd>(const digest&)> open)
        : list_{std::move(list)}, own_{own}, open_{std::move(open)} {}

    result<std::string_view> next() override {
        if (next_ == list_.chunks.size()) return end();
        const auto& one = list_.chunks[next_++];
        LARDER_CHECK(read(one));
        all_.update(plain_);
        return std::string_view{plain_};
    }

private:
    struct freer {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    /// Descriptors that are open at once; of a long history an index has chunks in hundreds of files.
    static constexpr std::size_t most_open = 32;

    result<std::string_view> end() {
        if (!ended_ && all_.finish() != list_.content)
            return error{errc::digest_mismatch, "its chunks are not those of the index " + list_.content.hex()};
        ended_ = true;
        return std::string_view{};
    }

    result<int> descriptor(const digest& file) {
        if (const auto known = files_.find(file); known != files_.end()) return known->second.get();
        if (files_.size() >= most_open) files_.clear();
        LARDER_TRY(auto fd, open_(file));
        return files_.emplace(file, std::move(fd)).first->second.get();
    }

    result<void> read(const kept_chunk& one) {
        const auto& file = one.pack == 0 ? own_ : list_.packs[one.pack - 1];
        LARDER_TRY(const int fd, descriptor(file));
        LARDER_TRY(const auto frame, pread_all(fd, one.stored, one.offset, "reading a file of chunks"));
        plain_.resize(one.size);
        const auto n = ZSTD_decompressDCtx(z_.get(), plain_.data(), plain_.size(), frame.data(), frame.size());
        if (ZSTD_isError(n) || n != one.size || sha256(plain_) != one.content)
            return error{errc::digest_mismatch, "a chunk of it is damaged, in object " + file.hex()};
        return {};
    }

    const chunk_list list_;
    const digest own_;
    const std::function<result<unique_fd>(const digest&)> open_;
    std::unique_ptr<ZSTD_DCtx, freer> z_{ZSTD_createDCtx()};
    std::map<digest, unique_fd> files_;
    std::string plain_;
    std::size_t next_ = 0;
    bool ended_ = false;
    hasher all_;
};

}  // namespace

result<chunk_list> pack_chunks(byte_source& in, const known_chunks& known,
                               const std::function<result<void>(std::string_view)>& append) {
    packer out{known, append};
    result<void> how;
    const auto take = [&](std::string_view chunk) {
        if (how) how = out.add(chunk);
    };
    LARDER_CHECK(cut(in, take, kept_chunk_sizes));
    LARDER_CHECK(how);
    return out.finish();
}

result<std::string> end_of_pack(const chunk_list& list) {
    const auto text = list.write();
    std::string end(ZSTD_compressBound(text.size()), '\0');
    auto size = ZSTD_compress(end.data(), end.size(), text.data(), text.size(), level);
    if (ZSTD_isError(size)) return error{errc::io, std::string{"zstd: "} + ZSTD_getErrorName(size)};
    end.resize(size);
    end.append(reinterpret_cast<const char*>(mark), sizeof mark);
    for (int i = 0; i < 8; ++i, size >>= 8) end.push_back(static_cast<char>(size & 0xff));
    return end;
}

result<chunk_list> read_chunk_list(int fd) {
    LARDER_TRY(const auto size, size_of(fd));
    if (size < end_size) return damaged();
    LARDER_TRY(const auto end, pread_all(fd, end_size, size - end_size, "reading a file of chunks"));
    if (end.size() != end_size || std::memcmp(end.data(), mark, sizeof mark) != 0) return damaged();
    std::uint64_t length = 0;
    for (std::size_t i = end_size; i-- > sizeof mark;) length = length << 8 | static_cast<unsigned char>(end[i]);
    if (length == 0 || length > std::min(size - end_size, most_text)) return damaged();
    LARDER_TRY(const auto frame, pread_all(fd, length, size - end_size - length, "reading a file of chunks"));
    const auto plain = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (plain == ZSTD_CONTENTSIZE_UNKNOWN || plain == ZSTD_CONTENTSIZE_ERROR || plain > most_text) return damaged();
    std::string text(plain, '\0');
    const auto n = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
    if (ZSTD_isError(n) || n != plain) return damaged();
    return chunk_list::read(text);
}

std::unique_ptr<byte_source> join_chunks(chunk_list list, const digest& own,
                                         std::function<result<unique_fd>(const digest&)> open) {
    return std::make_unique<joined_source>(std::move(list), own, std::move(open));
}

}  // namespace larder::index
