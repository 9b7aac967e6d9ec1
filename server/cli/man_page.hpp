#pragma once

#include <string>

namespace CLI {
class App;
}

namespace larder::cli {

/// larder(8) in roff, from the program's own declarations and the table of settings.
std::string man_page(const CLI::App& app, const std::string& version);

/// Completion for bash, from the same: commands, options, fixed choices, files where one is wanted,
/// and names of archives.
std::string bash_completion(const CLI::App& app);

/// Text as roff: backslashes, hyphens that are typed, and dots and quotes at a line's start.
std::string roff(const std::string& text);

}  // namespace larder::cli
