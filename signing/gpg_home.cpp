#include "gpg_home.hpp"
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace larder::signing {

namespace fs = std::filesystem;

namespace {

// trust-model always: a key counts because it is in this keyring, nothing else makes it count, and
// there is no trust database to keep. No locks and no seed file: verifying writes nothing.
constexpr const char* configuration =
    "batch\n"
    "no-tty\n"
    "trust-model always\n"
    "no-auto-check-trustdb\n"
    "no-autostart\n"
    "disable-dirmngr\n"
    "no-auto-key-locate\n"
    "no-auto-key-retrieve\n"
    "no-random-seed-file\n"
    "lock-never\n";

// No secret of these has a passphrase, so nobody is ever asked for one.
constexpr const char* configuration_of_signing =
    "batch\n"
    "no-tty\n"
    "pinentry-mode loopback\n"
    "trust-model always\n"
    "no-auto-check-trustdb\n"
    "disable-dirmngr\n"
    "no-random-seed-file\n"
    "personal-digest-preferences SHA512\n"
    "no-emit-version\n"
    "no-comments\n";

/// A fixed count, in place of one that each agent measures first, for seconds: of a secret with a passphrase, which the
/// agent protects anew in its own form, and so does an export. It takes some 50 ms.
constexpr const char* configuration_of_agent = "s2k-count 16777216\n";

constexpr std::string_view name_begins = "larder-keys-";

/// Between being made and being locked a home is nobody's for an instant: a young one is left alone.
constexpr std::time_t young = 60;

/// Removes the homes of processes that were killed: ours, old enough, and locked by nobody.
void sweep(const fs::path& base) {
    std::error_code ec;
    for (auto one = fs::directory_iterator{base, ec}; !ec && one != fs::directory_iterator{}; one.increment(ec)) {
        if (!one->path().filename().string().starts_with(name_begins)) continue;
        const unique_fd fd{::open(one->path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        struct stat st {};
        if (!fd || ::fstat(fd.get(), &st) != 0 || st.st_uid != ::geteuid()) continue;
        if (std::time(nullptr) - st.st_mtim.tv_sec < young || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
        std::error_code ignored;
        fs::remove_all(one->path(), ignored);
    }
}

}  // namespace

void gpg_home::sweep_leftovers() {
    std::error_code ec;
    const auto base = fs::temp_directory_path(ec);
    if (!ec) sweep(base);
}

result<gpg_home> gpg_home::make(purpose what) {
    std::error_code ec;
    const auto base = fs::temp_directory_path(ec);
    if (ec) return errno_error(ec.value(), "looking for a folder for temporary files ($TMPDIR, /tmp)");
    sweep(base);
    std::string path = (base / (std::string{name_begins} + "XXXXXX")).string();
    if (::mkdtemp(path.data()) == nullptr) return errno_error(errno, "making the temporary folder " + path);
    unique_fd lock{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!lock) {
        const int err = errno;
        fs::remove_all(path, ec);
        return errno_error(err, "opening " + path);
    }
    // Somebody else's lock on a new folder of ours can only be that of a clean-up passing by.
    (void)::flock(lock.get(), LOCK_SH | LOCK_NB);
    gpg_home home{std::move(path), std::move(lock)};
    LARDER_CHECK(replace_file(home.path() + "/gpg.conf",
                              what == purpose::signing ? configuration_of_signing : configuration, 0600));
    if (what == purpose::signing)
        LARDER_CHECK(replace_file(home.path() + "/gpg-agent.conf", configuration_of_agent, 0600));
    return home;
}

gpg_home::~gpg_home() {
    if (!lock_) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

bool gpg_home::intact() const { return ::access((path_ + "/pubring.kbx").c_str(), R_OK) == 0; }

}  // namespace larder::signing
