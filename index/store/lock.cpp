#include "lock.hpp"
#include <cerrno>
#include <fcntl.h>
#include <larder/base/text.hpp>
#include <sys/file.h>
#include <unistd.h>

namespace larder::store {
namespace {

std::string holder(int fd) {
    const auto text = pread_all(fd, 20, 0, "reading the lock");
    if (!text) return "another process";
    const auto pid = trim(*text);
    const bool number = !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
    return number ? "process " + std::string{pid} : "another process";
}

}  // namespace

result<unique_fd> take_lock(const std::string& folder) {
    const auto path = folder + "/lock";
    unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
    if (!fd) return errno_error(errno, "opening " + path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return errno_error(errno, "locking " + path);
        return error{errc::conflict, "the store " + folder + " is in use by " + holder(fd.get()) +
                                         ": stop that, or talk to it instead of opening its store"};
    }
    // For people only; the lock is the flock. A disk too full for a pid is no reason not to start.
    if (::ftruncate(fd.get(), 0) == 0)
        (void)pwrite_all(fd.get(), std::to_string(::getpid()) + "\n", 0, "writing " + path).has_value();
    return fd;
}

}  // namespace larder::store
