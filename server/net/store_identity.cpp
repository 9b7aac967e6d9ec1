#include <cerrno>
#include <larder/net/store_identity.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace larder::net {

result<std::string> store_identity(const std::string& path) {
    struct stat format {};
    if (::stat((path + "/format").c_str(), &format) != 0) return errno_error(errno, "looking for a store at " + path);
    return std::to_string(major(format.st_dev)) + ":" + std::to_string(minor(format.st_dev)) + ":" +
           std::to_string(format.st_ino);
}

}  // namespace larder::net
