#pragma once

#include <functional>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <sys/types.h>

namespace larder::cli {

/// Whom the server runs as, as far as a command of root can tell: the owner of the store's folder.
struct service_user {
    uid_t user = 0;
    gid_t group = 0;   ///< the folder's
    std::string name;  ///< for people; the number where the user has no name
};

/// Nothing where there is no such folder, and where it is root's.
std::optional<service_user> owner_of_store(const std::string& path);

/// Makes this process, which is root's, that user's: for good, nothing after it needs to be root. The
/// environment stops naming root's own folders (TMPDIR, HOME), which that user cannot use.
result<void> become(const service_user& who);

/// What `look` says of files that the server must read. Where this process is root's, a process of the
/// store's owner looks, and root stays root; its error says who looked. Not for a process with threads.
result<void> as_owner_of_store(const std::string& path, const std::function<result<void>()>& look);

/// Whether this machine has the user that the Debian package runs the server as.
bool has_packaged_user();

}  // namespace larder::cli
