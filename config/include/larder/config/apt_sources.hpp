#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

/// One source of apt's, with one URI: a line of a sources.list, or one URI of a stanza of a .sources
/// file (sources.list(5)). Only what Larder can serve comes out of the readers below: http and https.
struct apt_source {
    std::string where;                       ///< "/etc/apt/sources.list:3", for messages
    bool binary = false;                     ///< deb
    bool source = false;                     ///< deb-src
    std::string uri;                         ///< as written, variables of apt's replaced
    std::vector<std::string> suites;         ///< one that ends in '/' is a flat repository
    std::vector<std::string> components;     ///< none for a flat repository
    std::vector<std::string> architectures;  ///< none: the machine's own
    std::vector<std::string> signed_by;      ///< absolute paths of keyrings, or fingerprints
    std::string inline_key;                  ///< an armoured block out of Signed-By; else empty
    bool check_valid_until = true;
};

/// What was read, and what was left out and why (one line each, "FILE:LINE: …"). A source that apt
/// would refuse, or that Larder cannot serve, is a note; never a failure of the whole.
struct apt_sources {
    std::vector<apt_source> sources;
    std::vector<std::string> notes;

    void add(apt_sources more);
};

/// A sources.list. `architecture` (amd64) is what $(ARCH) stands for.
apt_sources parse_one_line(std::string_view text, std::string_view file, std::string_view architecture);
/// A .sources file (deb822).
apt_sources parse_deb822(std::string_view text, std::string_view file, std::string_view architecture);

/// Where apt looks, and what it was told; from `apt-config shell`, or made for another folder.
struct apt_settings {
    std::string list = "/etc/apt/sources.list";
    std::string parts = "/etc/apt/sources.list.d";
    std::string trusted = "/etc/apt/trusted.gpg";
    std::string trusted_parts = "/etc/apt/trusted.gpg.d";
    std::string proxy;              ///< Acquire::http::Proxy; empty for none or DIRECT
    bool check_valid_until = true;  ///< Acquire::Check-Valid-Until
};

/// The arguments after `apt-config shell` whose output parse_apt_config takes.
std::string_view apt_config_arguments();
/// Takes lines like LARDER_LIST='/etc/apt/sources.list'; what is not there keeps its default.
apt_settings parse_apt_config(std::string_view output);
/// The same for a folder that looks like /etc/apt.
apt_settings apt_settings_of(const std::string& folder);

/// Whether apt reads a file of that name in a folder of parts: not hidden, of letters, digits, '-', '_',
/// ':', '.', and with one of the two endings ("list", "sources"; "gpg", "asc" for keys), as apt-pkg's
/// GetListOfFilesInDir.
bool is_part(std::string_view name, std::string_view ending, std::string_view other_ending);

/// Reads all of it, in apt's order (the list, then the parts by name). What cannot be read is a note.
apt_sources read_apt_sources(const apt_settings&, std::string_view architecture);

/// The keyrings that count for a source without Signed-By: those of trusted.gpg.d by name, and
/// trusted.gpg unless it is empty.
std::vector<std::string> trusted_keyrings(const apt_settings&);

}  // namespace larder::config
