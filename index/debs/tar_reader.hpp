#pragma once

#include <cstdint>
#include <exception>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct archive;

namespace larder::debs::detail {

struct tar_limits {
    std::uint64_t entries = 0;
    std::uint64_t path = 0;  ///< bytes of one
};

/// The entries of a tar, one after the other, by libarchive's reader of tar alone. What it is given is plain already:
/// unpacked by what unpacks indices, with its limits.
class tar_reader {
public:
    tar_reader(std::unique_ptr<index::byte_source> plain, tar_limits limits);
    ~tar_reader();
    tar_reader(const tar_reader&) = delete;
    tar_reader& operator=(const tar_reader&) = delete;

    struct entry {
        std::string path;  ///< as written
        bool is_folder = false;
        bool is_file = false;  ///< an ordinary one, with its bytes here
        std::uint64_t size = 0;
        /// dpkg cannot unpack it: pax headers, or a file with holes (lib/dpkg/tarfn.c).
        bool beyond_dpkg = false;
    };

    /// Nothing at the end, when all that is left of the source has been read, too: what it is packed in is sound.
    /// `malformed`, `too_large`, or the error of the source.
    result<std::optional<entry>> next();
    /// All bytes of the present entry, if no more than `most`.
    result<std::string> read_all(std::uint64_t most);

private:
    static long give(archive*, void* me, const void** bytes);
    result<void> start();
    result<void> drain();
    error trouble();

    std::unique_ptr<index::byte_source> plain_;
    tar_limits limits_;
    archive* tar_ = nullptr;
    std::uint64_t seen_ = 0;
    std::optional<error> failed_;  // of the source
    std::exception_ptr thrown_;    // by the source: libarchive is C
};

}  // namespace larder::debs::detail
