#pragma once

#include <functional>
#include <larder/config/apt_sources.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

/// What a first larder.toml is made of. Nothing is looked up by draft() but through the two functions.
struct draft_input {
    std::vector<apt_source> sources;
    std::vector<std::string> trusted_keyrings;  ///< for sources without Signed-By
    std::vector<std::string> architectures;     ///< the machine's own and foreign ones, its own first
    std::string listen = "127.0.0.1:3142";
    std::string store_path = "/var/lib/larder";
    std::string admin_socket = "/run/larder/admin.sock";
    std::string proxy;  ///< apt's own; left out when it is Larder itself, as are such sources
    bool check_valid_until = true;
    std::string folder = "/etc/larder";  ///< of the configuration: keyrings and passwords go beside it
    /// Whether a keyring that Signed-By names is there; not set: taken to be.
    std::function<bool(const std::string&)> is_file;
    /// Addresses of a host name, as text; none when it cannot be resolved. Not set: no
    /// private_networks.
    std::function<std::vector<std::string>(const std::string&)> resolve;
    /// Of this machine, as text: with the port of `listen`, each of them is Larder itself. Loopback need
    /// not be among them.
    std::vector<std::string> own_addresses;
};

/// A further file that the configuration names.
struct draft_file {
    std::string path;
    std::string bytes;
    unsigned mode = 0644;  ///< as for open(2); 0600 for a secret
};

struct draft_result {
    std::string text;                ///< the larder.toml, with comments
    std::vector<draft_file> files;   ///< to be written before it
    std::vector<std::string> notes;  ///< what was left out, or needs a look, one line each
    std::size_t archives = 0;        ///< how many it has
};

/// Sources with one base URL (http or https) become one archive: its suites, components and
/// architectures are all of theirs, its keyrings too. It is called what the URL ends in ("debian",
/// "debian-security"), with the part before it in front where two would be alike. The text parses
/// (config::parse with the files written); a source that cannot be verified is a note, not an archive.
draft_result draft(const draft_input&);

}  // namespace larder::config
