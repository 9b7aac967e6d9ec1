#include "tar_reader.hpp"
#include <archive.h>
#include <archive_entry.h>
#include <larder/base/text.hpp>

namespace larder::debs::detail {
namespace {

tar_reader::entry from(archive* tar, archive_entry* e, const char* path) {
    tar_reader::entry made;
    made.path = path;
    made.is_folder = ::archive_entry_filetype(e) == AE_IFDIR;
    made.is_file = ::archive_entry_filetype(e) == AE_IFREG && ::archive_entry_hardlink(e) == nullptr;
    made.size = static_cast<std::uint64_t>(std::max<la_int64_t>(::archive_entry_size(e), 0));
    const auto format = ::archive_format(tar);
    made.beyond_dpkg = format == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE || format == ARCHIVE_FORMAT_TAR_PAX_RESTRICTED ||
                       ::archive_entry_sparse_count(e) > 0;
    return made;
}

}  // namespace

tar_reader::tar_reader(std::unique_ptr<index::byte_source> plain, tar_limits limits)
    : plain_{std::move(plain)}, limits_{limits} {}

tar_reader::~tar_reader() {
    if (tar_ != nullptr) ::archive_read_free(tar_);
}

long tar_reader::give(archive* of, void* me, const void** bytes) {
    auto& r = *static_cast<tar_reader*>(me);
    try {
        const auto piece = r.plain_->next();
        if (piece) {
            *bytes = piece->data();
            return static_cast<long>(piece->size());
        }
        r.failed_ = piece.error();
    } catch (...) {
        r.thrown_ = std::current_exception();
    }
    ::archive_set_error(of, EINVAL, "%s", "the source failed");
    return -1;
}

result<void> tar_reader::start() {
    tar_ = ::archive_read_new();
    if (tar_ == nullptr || ::archive_read_support_format_tar(tar_) != ARCHIVE_OK)
        return error{errc::io, "libarchive cannot start"};
    if (::archive_read_open(tar_, this, nullptr, &tar_reader::give, nullptr) != ARCHIVE_OK) return trouble();
    return {};
}

result<std::optional<tar_reader::entry>> tar_reader::next() {
    if (tar_ == nullptr) LARDER_CHECK(start());
    archive_entry* e = nullptr;
    const auto how = ::archive_read_next_header(tar_, &e);
    if (how == ARCHIVE_EOF && !failed_ && !thrown_) {
        LARDER_CHECK(drain());
        return std::optional<entry>{};
    }
    if (how != ARCHIVE_OK) return trouble();
    if (++seen_ > limits_.entries)
        return error{errc::too_large, "over " + std::to_string(limits_.entries) + " entries"};
    const auto* path = ::archive_entry_pathname(e);
    if (path == nullptr || *path == '\0') return error{errc::malformed, "an entry without a path"};
    auto made = from(tar_, e, path);
    if (made.path.size() > limits_.path)
        return error{errc::too_large, "a path of over " + std::to_string(limits_.path) + " bytes"};
    return std::optional{std::move(made)};
}

/// A tar may end before what it is packed in does; only behind that end stand checksums.
result<void> tar_reader::drain() {
    for (;;) {
        LARDER_TRY(const auto piece, plain_->next());
        if (piece.empty()) return {};
    }
}

result<std::string> tar_reader::read_all(std::uint64_t most) {
    std::string out;
    for (;;) {
        const void* at = nullptr;
        std::size_t n = 0;
        la_int64_t offset = 0;
        const auto how = ::archive_read_data_block(tar_, &at, &n, &offset);
        if (how == ARCHIVE_EOF) return out;
        if (how != ARCHIVE_OK) return trouble();
        if (n > most - out.size()) return error{errc::too_large, "it has over " + std::to_string(most) + " bytes"};
        out.append(static_cast<const char*>(at), n);
    }
}

error tar_reader::trouble() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    if (failed_) return *failed_;
    const auto* why = ::archive_error_string(tar_);
    return {errc::malformed,
            "it is no tar, or a damaged one: " + printable(why != nullptr ? why : "libarchive cannot read it")};
}

}  // namespace larder::debs::detail
