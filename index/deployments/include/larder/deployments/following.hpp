#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::deployments {

/// That a deployment follows the one of its name on another Larder, its peer: a ref "follow/NAME". While there is one,
/// its generations come from there alone (registry::append refuses).
struct following {
    std::string url;         ///< of the peer
    std::string token_file;  ///< with what opens its API; empty: as the configuration says, or none
    sys_seconds made{};      ///< when the peer signed what was taken from it last: nothing older is taken

    std::string write() const;
    static result<following> read(std::string_view text);
};

inline constexpr std::string_view following_prefix = "follow/";
std::string following_ref(std::string_view deployment);

/// Public keys, armoured, by which what came from elsewhere was signed there: a ref "deployment-keys/NAME". Machines
/// need them beside this store's own.
std::string keys_ref(std::string_view deployment);

}  // namespace larder::deployments
