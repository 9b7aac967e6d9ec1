#pragma once

#include <string>
#include <vector>

namespace larder::config {

/// When a changed value counts.
enum class applied {
    on_reload,   ///< SIGHUP is enough
    at_restart,  ///< the running server keeps the old value until it is started again
};

/// One setting as documentation has it: man page, reference, `--help`. All are texts for people.
struct setting_doc {
    std::string section;        ///< "server"; "archive" for what stands in each [[archive]]
    std::string key;            ///< "listen"
    std::string type;           ///< "list of strings", "duration", "size", "whole number", …
    std::string range;          ///< "1 to 1024"; empty where anything of the type is right
    std::string default_value;  ///< as TOML; "required" where there is none
    std::string purpose;        ///< one sentence
    std::string example;        ///< as TOML, always there
    applied when = applied::on_reload;

    /// "server.listen", "[[archive]] name".
    std::string path() const;
};

/// Every setting there is, in the order in which they are documented. Made from the same table as
/// the parser, so neither can know a setting that the other does not.
std::vector<setting_doc> settings();

/// A larder.toml that explains every setting and sets none: it parses to the defaults. Lines that
/// begin with "#" and no space are settings to uncomment.
std::string sample();

/// docs/configuration.md.
std::string reference();

}  // namespace larder::config
