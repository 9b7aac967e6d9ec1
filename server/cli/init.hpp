#pragma once

#include <string>

namespace larder::cli {

/// `larder init`: a first larder.toml out of this machine's own apt sources and keyrings.
struct init_options {
    std::string output = "/etc/larder/larder.toml";  ///< or "-" for standard output
    bool force = false;                              ///< replace a file that is there
    std::string store_path = "/var/lib/larder";      ///< relative ones count from the working folder
    std::string sources_dir = "/etc/apt";            ///< another one is read as if it were /etc/apt
    std::string listen = "127.0.0.1:3142";
    std::string admin_socket = "/run/larder/admin.sock";  ///< empty for none
};

/// Writes the configuration, and beside it the keys that stood inside the sources (keyrings/) and
/// passwords out of their URLs (secrets/, mode 0600). What replaces a file keeps its owner, group and mode;
/// root's new secrets can be read by the store's group too (0640). Asks apt-config and dpkg, and resolves
/// the names of the upstreams. What was left out goes to standard error, a line each.
/// 0: written. 1: a file is there already, or could not be written. 2: an option is wrong.
int run_init(const init_options&);

}  // namespace larder::cli
