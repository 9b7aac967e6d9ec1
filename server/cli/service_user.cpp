#include "service_user.hpp"
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <larder/base/file.hpp>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace larder::cli {
namespace {

result<void> looked_at(const service_user& who, const std::function<result<void>()>& look) {
    try {
        LARDER_CHECK(become(who));
        return look();
    } catch (const std::exception& e) {
        return error{errc::io, e.what()};
    }
}

/// Nothing for a success; else the code as a byte, and the detail.
void tell(int to, const result<void>& how) {
    if (how) return;
    const auto text = std::string(1, static_cast<char>(how.error().code())) + how.error().detail();
    static_cast<void>(write_all(to, text, "telling what was seen"));
}

result<void> heard(int from) {
    std::string text;
    std::array<char, 4096> part{};
    for (;;) {
        const auto n = ::read(from, part.data(), part.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    if (text.empty()) return {};
    return error{static_cast<errc>(text.front()), text.substr(1)};
}

}  // namespace

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

result<void> as_owner_of_store(const std::string& path, const std::function<result<void>()>& look) {
    const auto owner = ::geteuid() == 0 ? owner_of_store(path) : std::nullopt;
    if (!owner) return look();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "asking as the user " + owner->name);
    const unique_fd from{ends[0]};
    unique_fd to{ends[1]};
    const pid_t child = ::fork();
    if (child < 0) return errno_error(errno, "asking as the user " + owner->name);
    if (child == 0) {
        tell(to.get(), looked_at(*owner, look));
        ::_exit(0);  // what is open and buffered is the parent's
    }
    to.reset();
    auto how = heard(from.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (!WIFEXITED(status)) return error{errc::io, "the look at files as the user " + owner->name + " broke off"};
    if (how) return {};
    return error{how.error().code(),
                 how.error().detail() + "\nFiles were looked at as the user " + owner->name + ", who owns the store."};
}

bool has_packaged_user() { return ::getpwnam("larder") != nullptr; }

}  // namespace larder::cli
