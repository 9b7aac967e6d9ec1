#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cstring>
#include <fcntl.h>
#include <larder/base/file.hpp>
#include <larder/deployments/bundle.hpp>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace larder::deployments {
namespace {

constexpr std::uint64_t most_head = 1 << 20;
/// After so much the disk is set to work, instead of with all of it in the end.
constexpr std::uint64_t between_nudges = 16 << 20;
/// A call for each block of zstd's would cost more than the copy.
constexpr std::size_t piece_size = 1 << 20;

error failed(std::string_view doing) {
    return {errno == ENOSPC ? errc::full : errc::io, std::string{doing} + ": " + std::strerror(errno)};
}

/// The file as memory, for as long as it lives.
class mapping {
public:
    mapping(int fd, std::uint64_t size) : size_{size} {
        if (size_ != 0) at_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    }
    ~mapping() {
        if (at_ != MAP_FAILED) ::munmap(at_, size_);
    }
    mapping(const mapping&) = delete;
    mapping& operator=(const mapping&) = delete;

    std::string_view bytes() const noexcept {
        return at_ == MAP_FAILED ? std::string_view{} : std::string_view{static_cast<const char*>(at_), size_};
    }

private:
    void* at_ = MAP_FAILED;
    std::uint64_t size_ = 0;
};

/// One frame, if it is small: a tar header and the entry behind it (POSIX.1-1988 ustar: the size stands at 124, in
/// octal).
std::string entry_in(std::string_view frame) {
    std::string plain(most_head, '\0');
    const auto n = ZSTD_decompress(plain.data(), plain.size(), frame.data(), frame.size());
    if (ZSTD_isError(n) || n < 512) return {};
    const auto size = std::strtoull(plain.substr(124, 12).c_str(), nullptr, 8);
    return size > n - 512 ? std::string{} : plain.substr(512, size);
}

class writer final : public bundle_writer {
public:
    ~writer() override { drop_tar(); }

    result<void> open(const std::string& path) {
        path_ = path;
        LARDER_CHECK(take_file());
        LARDER_CHECK(look());
        out_.resize(piece_size);
        if (!z_) return error{errc::unsupported, "zstd cannot start"};
        ZSTD_CCtx_setParameter(z_.get(), ZSTD_c_checksumFlag, 1);
        return keep(whole());
    }

    std::size_t whole() const noexcept override { return ends_.size(); }
    const std::string& first() const noexcept override { return first_; }

    result<void> keep(std::size_t entries) override {
        ends_.resize(std::min(entries, ends_.size()));
        if (ends_.empty()) first_.clear();
        return cut_to(ends_.empty() ? 0 : ends_.back());
    }

    result<void> add(const std::string& name, std::uint64_t size, sys_seconds modified, effort how,
                     const source& from) override {
        // Below zero zstd looks for less and less; what is compressed already it then merely copies.
        ZSTD_CCtx_setParameter(z_.get(), ZSTD_c_compressionLevel, how == effort::some ? 1 : -50);
        auto added = write_entry(name, size, modified, from);
        if (!added) {
            if (const auto back = cut_to(end_); !back) return back;
            return added;
        }
        end_ = written_;
        return {};
    }

    result<void> finish() override {
        if (::archive_write_close(tar_) != ARCHIVE_OK) return trouble();
        LARDER_CHECK(end_frame());
        if (::fsync(file_.get()) != 0) return failed("writing " + path_);
        return {};
    }

private:
    struct freer {
        void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    };

    /// Alone: another that goes on with the same file would write into it, and then rename it.
    result<void> take_file() {
        file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
        if (!file_ && errno == ELOOP) return error{errc::refused, path_ + " is a symbolic link"};
        if (!file_) return failed("opening " + path_);
        struct stat open {
        }, named{};
        if (::fstat(file_.get(), &open) != 0) return failed("reading " + path_);
        if (!S_ISREG(open.st_mode)) return error{errc::refused, path_ + " is no ordinary file"};
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0)
            return error{errc::conflict, "another export writes " + path_ + " just now"};
        // The other may have ended, and given it its name, between the two.
        if (::stat(path_.c_str(), &named) != 0 || named.st_ino != open.st_ino)
            return error{errc::conflict, "another export has just written " + path_};
        return {};
    }

    /// Which frames are whole, by what their blocks say of their sizes.
    result<void> look() {
        struct stat st {};
        if (::fstat(file_.get(), &st) != 0) return failed("reading " + path_);
        const mapping all{file_.get(), static_cast<std::uint64_t>(st.st_size)};
        auto rest = all.bytes();
        while (!rest.empty()) {
            const auto n = ZSTD_findFrameCompressedSize(rest.data(), rest.size());
            if (ZSTD_isError(n)) break;
            if (ends_.empty()) first_ = entry_in(rest.substr(0, n));
            end_ += n;
            ends_.push_back(end_);
            rest.remove_prefix(n);
        }
        return {};
    }

    /// Without the end of an archive, which freeing it would write.
    void drop_tar() {
        if (tar_ == nullptr) return;
        dropping_ = true;
        ::archive_write_free(tar_);
        dropping_ = false;
        tar_ = nullptr;
    }

    result<void> begin_tar() {
        drop_tar();
        tar_ = ::archive_write_new();
        if (tar_ == nullptr) return error{errc::io, "libarchive cannot start"};
        // Sizes over 8 GiB, which ustar cannot have, get a header of pax's.
        ::archive_write_set_format_pax_restricted(tar_);
        ::archive_write_set_bytes_per_block(tar_, 0);
        if (::archive_write_open(tar_, this, nullptr, &writer::take, nullptr) != ARCHIVE_OK) return trouble();
        return {};
    }

    result<void> cut_to(std::uint64_t size) {
        ZSTD_CCtx_reset(z_.get(), ZSTD_reset_session_only);
        end_ = written_ = nudged_ = size;
        waiting_ = 0;
        if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0 ||
            ::lseek(file_.get(), static_cast<off_t>(size), SEEK_SET) < 0)
            return failed("writing " + path_);
        trouble_.reset();
        return begin_tar();
    }

    result<void> write_entry(const std::string& name, std::uint64_t size, sys_seconds modified, const source& from) {
        struct free_entry {
            void operator()(archive_entry* e) const noexcept { ::archive_entry_free(e); }
        };
        const std::unique_ptr<archive_entry, free_entry> e{::archive_entry_new()};
        ::archive_entry_set_pathname(e.get(), name.c_str());
        ::archive_entry_set_filetype(e.get(), AE_IFREG);
        ::archive_entry_set_perm(e.get(), 0644);
        ::archive_entry_set_size(e.get(), static_cast<la_int64_t>(size));
        ::archive_entry_set_mtime(e.get(), modified.time_since_epoch().count(), 0);
        if (::archive_write_header(tar_, e.get()) != ARCHIVE_OK) return trouble();
        std::uint64_t sum = 0;
        for (;;) {
            LARDER_TRY(const auto piece, from());
            if (piece.empty()) break;
            sum += piece.size();
            if (sum > size || ::archive_write_data(tar_, piece.data(), piece.size()) < 0) break;
        }
        if (trouble_) return *trouble_;
        if (sum != size) return error{errc::digest_mismatch, name + ": not as large as it should be"};
        if (::archive_write_finish_entry(tar_) != ARCHIVE_OK) return trouble();
        return end_frame();
    }

    error trouble() const {
        if (trouble_) return *trouble_;
        const auto* why = ::archive_error_string(tar_);
        return {errc::io, "writing " + path_ + ": " + (why != nullptr ? why : "libarchive failed")};
    }

    static la_ssize_t take(::archive*, void* me, const void* bytes, std::size_t n) {
        auto& w = *static_cast<writer*>(me);
        if (w.dropping_) return static_cast<la_ssize_t>(n);
        const auto done = w.compress({static_cast<const char*>(bytes), n}, ZSTD_e_continue);
        if (done) return static_cast<la_ssize_t>(n);
        w.trouble_ = done.error();
        return -1;
    }

    result<void> end_frame() { return compress({}, ZSTD_e_end); }

    result<void> compress(std::string_view bytes, ZSTD_EndDirective how) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{out_.data(), out_.size(), waiting_};
            const auto left = ZSTD_compressStream2(z_.get(), &out, &in, how);
            if (ZSTD_isError(left)) return error{errc::io, std::string{"zstd: "} + ZSTD_getErrorName(left)};
            waiting_ = out.pos;
            const bool done = how == ZSTD_e_end ? left == 0 : in.pos == in.size;
            // An entry is in the file once its frame has ended.
            if (waiting_ == out_.size() || (done && how == ZSTD_e_end)) LARDER_CHECK(put_waiting());
            if (done) return {};
        }
    }

    result<void> put_waiting() {
        LARDER_CHECK(write_all(file_.get(), {out_.data(), waiting_}, "writing " + path_));
        written_ += waiting_;
        waiting_ = 0;
        if (written_ - nudged_ < between_nudges) return {};
        // It fails where the file system cannot; then all is written in the end.
        static_cast<void>(::sync_file_range(file_.get(), static_cast<off_t>(nudged_),
                                            static_cast<off_t>(written_ - nudged_), SYNC_FILE_RANGE_WRITE));
        nudged_ = written_;
        return {};
    }

    std::string path_;
    unique_fd file_;
    ::archive* tar_ = nullptr;
    bool dropping_ = false;
    std::unique_ptr<ZSTD_CCtx, freer> z_{ZSTD_createCCtx()};
    std::string out_;
    std::vector<std::uint64_t> ends_;  ///< of the frames that were there
    std::string first_;
    std::size_t waiting_ = 0;                           ///< bytes in out_ that are to be written
    std::uint64_t end_ = 0, written_ = 0, nudged_ = 0;  ///< of the last whole frame; so far; sent to the disk
    std::optional<error> trouble_;
};

}  // namespace

result<std::unique_ptr<bundle_writer>> open_bundle_writer(const std::string& path) {
    auto made = std::make_unique<writer>();
    LARDER_CHECK(made->open(path));
    return std::unique_ptr<bundle_writer>{std::move(made)};
}

}  // namespace larder::deployments
