#pragma once

#include <larder/net/keys.hpp>

namespace larder::net::publishing {

/// Where an archive wants it: builds its keyring package anew when its keys have changed, and puts the last one into
/// every pocket that has it not.
result<std::vector<pocket_note>> publish_keyring(engine& e, const std::string& archive, const publisher& who);

/// Pockets that have not got the last one, by name; none where the archive wants no such package.
result<std::vector<std::string>> pockets_without_keyring(engine& e, const pockets::local_archive& of);

/// The version after `last`: the day and a number, "20261122.1". It grows, also when the clock went back.
std::string next_version(const std::string& last, sys_seconds now);

}  // namespace larder::net::publishing
