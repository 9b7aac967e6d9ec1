#pragma once

#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <string>

namespace larder::signing {

/// A GnuPG home of one verifier's own, empty at first, removed with everything in it at the end.
/// Its gpg.conf keeps gpg to these keys and away from agents, daemons, the network and the web of
/// trust. It is locked (flock), which keeps systemd-tmpfiles from ageing it away.
class gpg_home {
public:
    /// For signing there is a gpg-agent, which ends when the folder goes.
    enum class purpose { verifying, signing };
    /// Under $TMPDIR or /tmp, mode 0700. `io` or `full` when that cannot be.
    static result<gpg_home> make(purpose what = purpose::verifying);

    /// Removes what processes that were killed have left; the agents of it end then. make() does it, too. Of the last
    /// minute nothing is removed: it may be somebody's who is just making it.
    static void sweep_leftovers();

    ~gpg_home();
    gpg_home(gpg_home&&) noexcept = default;
    gpg_home& operator=(gpg_home&&) = delete;

    const std::string& path() const noexcept { return path_; }

    /// Whether the keys are still there: a clean-up of /tmp must not look like a bad signature.
    bool intact() const;

private:
    gpg_home(std::string path, unique_fd lock) : path_{std::move(path)}, lock_{std::move(lock)} {}

    std::string path_;
    unique_fd lock_;  // none after a move: the folder has one owner
};

}  // namespace larder::signing
