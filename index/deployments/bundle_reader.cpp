#include <archive.h>
#include <archive_entry.h>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <larder/base/file.hpp>
#include <larder/deployments/bundle.hpp>
#include <larder/index/decompress.hpp>
#include <sys/stat.h>

namespace larder::deployments {
namespace {

/// A bundle has no size of its own to be held against; each of its entries has.
constexpr std::uint64_t no_limit = 1ULL << 60;
/// Ours take some kilobytes; what tar allows (maps of sparse files) takes memory without end.
constexpr std::uint64_t most_header = 4 << 20;

class reader final : public bundle_reader {
public:
    ~reader() override {
        if (tar_ != nullptr) ::archive_read_free(tar_);
    }

    result<void> open(const std::string& path) {
        unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        if (!file)
            return error{errno == ENOENT ? errc::absent : errc::io, "opening " + path + ": " + std::strerror(errno)};
        struct stat st {};
        if (::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode))
            return error{errc::refused, path + " is no ordinary file"};
        auto raw = index::file_source(std::move(file));
        LARDER_TRY(auto plain, index::decompress(std::make_unique<counted>(std::move(raw), taken_),
                                                 index::compression::zst, no_limit));
        // On one core it is read, on another hashed and written.
        plain_ = index::read_ahead(std::move(plain));
        tar_ = ::archive_read_new();
        if (tar_ == nullptr) return error{errc::io, "libarchive cannot start"};
        ::archive_read_support_format_tar(tar_);
        if (::archive_read_open(tar_, this, nullptr, &reader::give, nullptr) != ARCHIVE_OK) return trouble();
        return {};
    }

    result<std::optional<entry>> next() override {
        // The rest of the entry before is no part of the header.
        if (in_entry_ && ::archive_read_data_skip(tar_) != ARCHIVE_OK) return trouble();
        archive_entry* e = nullptr;
        in_entry_ = false;
        header_ = 0;
        const auto how = ::archive_read_next_header(tar_, &e);
        if (how == ARCHIVE_EOF && !trouble_) return std::optional<entry>{};
        if (how != ARCHIVE_OK) return trouble();
        in_entry_ = true;
        if (::archive_entry_filetype(e) != AE_IFREG || ::archive_entry_size(e) < 0)
            return error{errc::malformed, "the bundle has an entry that is no file"};
        const auto* name = ::archive_entry_pathname(e);
        entry made;
        made.name = name != nullptr ? name : "";
        made.size = static_cast<std::uint64_t>(::archive_entry_size(e));
        made.modified = sys_seconds{std::chrono::seconds{::archive_entry_mtime(e)}};
        return std::optional{std::move(made)};
    }

    result<std::string_view> read() override {
        const void* at = nullptr;
        std::size_t n = 0;
        la_int64_t offset = 0;
        const auto how = ::archive_read_data_block(tar_, &at, &n, &offset);
        if (how == ARCHIVE_EOF) return std::string_view{};
        if (how != ARCHIVE_OK) return trouble();
        return std::string_view{static_cast<const char*>(at), n};
    }

    std::uint64_t taken() const noexcept override { return taken_; }

private:
    /// Counts what is read of the file.
    class counted final : public index::byte_source {
    public:
        counted(std::unique_ptr<index::byte_source> in, std::atomic<std::uint64_t>& sum)
            : in_{std::move(in)}, sum_{sum} {}
        result<std::string_view> next() override {
            auto piece = in_->next();
            if (piece) sum_ += piece->size();
            return piece;
        }

    private:
        std::unique_ptr<index::byte_source> in_;
        std::atomic<std::uint64_t>& sum_;
    };

    static la_ssize_t give(::archive* of, void* me, const void** bytes) {
        auto& r = *static_cast<reader*>(me);
        auto piece = r.plain_->next();
        if (piece && !r.in_entry_ && (r.header_ += piece->size()) > most_header)
            piece = error{errc::malformed, "this is no bundle: the header of an entry is too large"};
        if (!piece) {
            r.trouble_ = piece.error();
            ::archive_set_error(of, EINVAL, "%s", "cannot be decompressed");
            return -1;
        }
        *bytes = piece->data();
        return static_cast<la_ssize_t>(piece->size());
    }

    error trouble() const {
        if (trouble_) return *trouble_;
        const auto* why = ::archive_error_string(tar_);
        return {errc::malformed, std::string{"this is no bundle, or it ends too soon: "} +
                                     (why != nullptr ? why : "libarchive cannot read it")};
    }

    std::atomic<std::uint64_t> taken_{0};
    std::unique_ptr<index::byte_source> plain_;
    ::archive* tar_ = nullptr;
    bool in_entry_ = false;
    std::uint64_t header_ = 0;  ///< bytes that were taken since the end of the entry before
    std::optional<error> trouble_;
};

}  // namespace

result<std::unique_ptr<bundle_reader>> open_bundle_reader(const std::string& path) {
    auto made = std::make_unique<reader>();
    LARDER_CHECK(made->open(path));
    return std::unique_ptr<bundle_reader>{std::move(made)};
}

}  // namespace larder::deployments
