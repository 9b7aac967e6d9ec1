#pragma once

#include <larder/config/load.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace larder::cli {

struct command_line;

struct update_line {
    std::vector<std::string> archives, suites;
};

/// archive add and archive remove.
void add_archive_edit(CLI::App& noun, command_line& line);
/// archive create.
void add_archive_create(CLI::App& noun, command_line& line);

}  // namespace larder::cli
