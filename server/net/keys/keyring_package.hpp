#pragma once

#include "keys/publish_keys.hpp"

namespace larder::net::publishing {

/// "cloud-archive-keyring"
std::string keyring_package_name(const std::string& archive);

/// Where an archive wants it: builds its keyring package anew when its keys have changed, and puts the last one into
/// every pocket that has it not. Where that is `late`, machines that follow the pocket have as long as after a rotation
/// to hear of the keys that follow those that are leaving.
result<std::vector<pocket_note>> publish_keyring(engine& e, const std::string& archive, const publisher& who,
                                                 timing when);

/// Whether the package in every pocket has the key that follows this one; also where the archive wants no package.
result<bool> is_followed(engine& e, const pockets::local_archive& of, const pockets::archive_key& leaving);

/// The version after `last`: the day and a number, "20261122.1". It grows, also when the clock went back.
std::string next_version(const std::string& last, sys_seconds now);

}  // namespace larder::net::publishing
