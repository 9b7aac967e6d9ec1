#pragma once

#include <larder/base/result.hpp>
#include <string>

namespace CLI {
class App;
}

namespace larder::cli {

struct command_line;

/// key list, generate, import, rotate, revoke, expire, export and package: of archives that are published here.
void add_archive_keys(CLI::App& noun, command_line& line);

/// The text of an armoured secret key in a file; "-" is standard input. `refused` for something else.
result<std::string> secret_of_file(const std::string& path);

}  // namespace larder::cli
