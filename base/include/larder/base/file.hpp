#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

/// Owns a file descriptor. Closing is silent: what must be durable was fsynced before.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_{fd} {}
    ~unique_fd() { reset(); }
    unique_fd(unique_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

private:
    int fd_ = -1;
};

/// The whole of a file; over `limit` bytes is `too_large`, no such file is `absent`.
result<std::string> read_file(const std::string& path, std::uint64_t limit = 1ULL << 30);

/// Writes all of it at the descriptor's position, going on after short writes and EINTR.
result<void> write_all(int fd, std::string_view bytes, std::string_view doing);

/// The same at a given offset.
result<void> pwrite_all(int fd, std::string_view bytes, std::uint64_t offset, std::string_view doing);

/// Up to `size` bytes from `offset` (fewer only at the end of the file).
result<std::string> pread_all(int fd, std::size_t size, std::uint64_t offset, std::string_view doing);

/// Replaces a file in one step: temporary file beside it, fsync, rename, fsync of the folder.
/// `mode` as for open(2).
result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode = 0644);

/// Makes a folder and those above it; one that exists is fine.
result<void> make_folders(const std::string& path);

/// fsync of a folder, so that the names in it are durable.
result<void> sync_folder(const std::string& path);

}  // namespace larder
