#include "service_user.hpp"
#include <cerrno>
#include <cstdlib>
#include <grp.h>
#include <larder/base/file.hpp>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::cli {

std::optional<service_user> owner_of_store(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid == 0) return std::nullopt;
    const passwd* const known = ::getpwuid(st.st_uid);
    return service_user{st.st_uid, st.st_gid, known != nullptr ? known->pw_name : std::to_string(st.st_uid)};
}

result<void> become(const service_user& who) {
    const bool named = ::getpwuid(who.user) != nullptr;
    const bool grouped = named ? ::initgroups(who.name.c_str(), who.group) == 0 : ::setgroups(0, nullptr) == 0;
    if (!grouped || ::setgid(who.group) != 0 || ::setuid(who.user) != 0)
        return errno_error(errno, "becoming the user " + who.name + ", who owns the store");
    for (const char* roots : {"TMPDIR", "XDG_RUNTIME_DIR", "GNUPGHOME"}) ::unsetenv(roots);
    ::setenv("HOME", "/", 1);  // nobody's: what looks for settings there finds none
    return {};
}

bool has_packaged_user() { return ::getpwnam("larder") != nullptr; }

}  // namespace larder::cli
