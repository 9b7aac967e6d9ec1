#include "file_ops.hpp"
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <larder/base/file.hpp>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <tuple>
#include <unistd.h>

namespace larder::store {

int file_ops::open_nameless(int folder) const { return ::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640); }

// btrfs leaves a file without a link out of its log, so its fsync does not count: what a name that it
// gets then leads to after a loss of power may be empty.
bool file_ops::nameless_are_durable(int folder) const {
    struct statfs fs {};
    return ::fstatfs(folder, &fs) == 0 && fs.f_type != BTRFS_SUPER_MAGIC;
}

int file_ops::open_named(int folder, const char* name) const {
    return ::openat(folder, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
}

ssize_t file_ops::write_at(int fd, const char* bytes, std::size_t size, std::uint64_t offset) const {
    return ::pwrite(fd, bytes, size, static_cast<off_t>(offset));
}

int file_ops::truncate(int fd) const { return ::ftruncate(fd, 0); }

int file_ops::set_modified(int fd, sys_seconds modified) const {
    std::array<timespec, 2> times{};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = static_cast<time_t>(modified.time_since_epoch().count());
    return ::futimens(fd, times.data());
}

void file_ops::start_writing(int fd) const {
    std::ignore = ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);  // only a hint: fsync says what failed
}

// Not fdatasync: an object's mtime is part of what was promised, and for a new file both cost the same.
int file_ops::sync_file(int fd) const { return ::fsync(fd); }

int file_ops::sync_folder(int parent, const char* name) const {
    unique_fd folder{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return folder ? ::fsync(folder.get()) : -1;
}

int file_ops::sync_all(int fd) const { return ::syncfs(fd); }

int file_ops::link_nameless(int fd, int folder, const char* name) const {
    // AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH; open(2) names this way for everybody.
    std::array<char, 40> self{};
    std::snprintf(self.data(), self.size(), "/proc/self/fd/%d", fd);
    return ::linkat(AT_FDCWD, self.data(), folder, name, AT_SYMLINK_FOLLOW);
}

int file_ops::rename(int from_folder, const char* from, int to_folder, const char* to) const {
    return ::renameat(from_folder, from, to_folder, to);
}

int file_ops::unlink(int folder, const char* name) const { return ::unlinkat(folder, name, 0); }

const file_ops& real_file_ops() noexcept {
    static const file_ops ops;
    return ops;
}

}  // namespace larder::store
