#pragma once

#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace larder {

/// Whose a file is to be. What is not set is as for any file that this process makes.
struct file_owner {
    std::optional<uid_t> user;
    std::optional<gid_t> group;
};

/// replace_file() for a file of somebody else's: its owner and mode are set before it has its name, so that
/// nobody finds it there with others, and no link put in its place is followed. `io` when this process may
/// not give files away; then nothing has changed.
result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode, const file_owner& owner);

}  // namespace larder
