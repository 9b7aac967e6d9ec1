#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/file_owner.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace larder {

void unique_fd::reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

result<std::string> read_file(const std::string& path, std::uint64_t limit) {
    unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return errno_error(errno, "opening " + path);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading " + path);
    if (S_ISDIR(st.st_mode)) return error{errc::io, path + " is a folder"};
    std::string text;
    char buffer[65536];
    for (;;) {
        const auto n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error(errno, "reading " + path);
        if (n == 0) return text;
        text.append(buffer, static_cast<std::size_t>(n));
        if (text.size() > limit)
            return error{errc::too_large, path + " is larger than " + std::to_string(limit) + " bytes"};
    }
}

result<void> write_all(int fd, std::string_view bytes, std::string_view doing) {
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error(errno, doing);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

result<void> pwrite_all(int fd, std::string_view bytes, std::uint64_t offset, std::string_view doing) {
    while (!bytes.empty()) {
        const auto n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error(errno, doing);
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

result<std::string> pread_all(int fd, std::size_t size, std::uint64_t offset, std::string_view doing) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto n = ::pread(fd, text.data() + have, size - have, static_cast<off_t>(offset + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error(errno, doing);
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    text.resize(have);
    return text;
}

result<void> sync_folder(const std::string& path) {
    unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd || ::fsync(fd.get()) != 0) return errno_error(errno, "syncing folder " + path);
    return {};
}

result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode) {
    return replace_file(path, bytes, mode, {});
}

result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode, const file_owner& owner) {
    std::string temporary = path + ".XXXXXX";
    unique_fd fd{::mkostemp(temporary.data(), O_CLOEXEC)};
    if (!fd) return errno_error(errno, "creating " + temporary);
    auto written = write_all(fd.get(), bytes, "writing " + temporary);
    const bool given = owner.user || owner.group;
    // The mode last: a change of owner takes bits of it away.
    if (written && given && ::fchown(fd.get(), owner.user.value_or(-1), owner.group.value_or(-1)) != 0)
        written = errno_error(errno, "giving " + path + " its owner");
    if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
        written = errno_error(errno, "syncing " + temporary);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = errno_error(errno, "renaming to " + path);
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    const auto slash = path.rfind('/');
    return sync_folder(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

result<void> make_folders(const std::string& path) {
    std::error_code ec;
    std::filesystem::create_directories(path, ec);
    if (ec) return errno_error(ec.value(), "creating folder " + path);
    return {};
}

}  // namespace larder
