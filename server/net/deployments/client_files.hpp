#pragma once

#include <larder/base/result.hpp>
#include <larder/deployments/generation.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::net::pinning {

/// What a client's files are made of.
struct client_suite {
    std::string name;  ///< "bookworm", or "./" for a flat one
    std::vector<std::string> components;
    bool valid_until = false;  ///< its Release has one, which will pass while the suite stays
};
struct client_archive {
    std::string name;
    std::vector<client_suite> suites;
    std::string keys;  ///< armoured public keys that vouch for it: upstream's, and this store's own
};
struct client_view {
    std::string deployment;
    std::uint64_t generation = 0;       ///< the one in force
    bool pinned = false;                ///< the files are of that generation's own URL
    std::string base;                   ///< "http://larder.example:3142", without a slash at the end
    std::vector<std::string> partners;  ///< the same of other Larders that have this deployment
    std::vector<std::string> architectures;
    std::vector<client_archive> archives;

    std::string path() const;  ///< "/d/web" or "/d/web@3"
    /// "http://larder.example:3142/d/web" or ".../d/web@3".
    std::string url() const;
};

/// The names below /d/NAME/ that are files for clients; each is a function of the view.
///
///     larder.sources   deb822, for /etc/apt/sources.list.d; the keys stand in it
///     apt.conf         for /etc/apt/apt.conf.d: what makes two machines choose alike
///     preferences      for /etc/apt/preferences.d: makes apt go down again after a rollback
///     larder-report    a script that tells what is installed; apt runs it after dpkg
///     setup.sh         puts them in place
///     cloud-init.yaml, Dockerfile, mmdebstrap.sh   the same for machines that are yet to be made
///     mirrorlist-ARCHIVE   where that archive is to be had, for apt's mirror method (apt-transport-mirror(1)); with
///                      partners the sources name such a list, in /etc/apt/mirrors
/// Nothing for any other name.
std::optional<std::string> client_file(const client_view& view, std::string_view name);
std::vector<std::string> client_file_names(const client_view& view);
/// False: no deployment has such a file.
bool may_be_client_file(std::string_view name);

/// As a field's value in deb822: each line begins with a blank, an empty one is " .".
std::string folded(std::string_view text);

}  // namespace larder::net::pinning
