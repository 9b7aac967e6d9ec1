#pragma once

#include <larder/net/keys.hpp>

namespace larder::net::publishing {

/// Whether the keys have just changed, or that is made up for.
enum class timing { now, late };

/// Publishes those pockets of an archive again whose last publication is not signed by the keys that sign now, or tells
/// clients of others; then sees to the keyring package. What fails is told with its pocket, and left to the next time.
result<std::vector<pocket_note>> publish_keys(engine& e, const std::string& archive, const publisher& who, timing when);

/// "cloud-archive-keyring", as a package can be called.
std::string keyring_package_name(const std::string& archive);

}  // namespace larder::net::publishing
