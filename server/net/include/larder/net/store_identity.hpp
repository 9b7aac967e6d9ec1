#pragma once

#include <larder/base/result.hpp>
#include <string>

namespace larder::net {

/// Which store is in a folder, whatever path led there (a link, a bind mount): device and inode of its first
/// file, "format". Equal on one machine for one store, and meaningless elsewhere. `absent` when there is no
/// store, `io` when this user may not look.
result<std::string> store_identity(const std::string& path);

}  // namespace larder::net
