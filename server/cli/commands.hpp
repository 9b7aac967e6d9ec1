#pragma once

#include "services.hpp"

namespace CLI {
class App;
}

namespace larder::cli {

/// Each command is a file: add_x() declares it (the same declarations give the man page and the
/// completion), run_x() does it and knows nothing of CLI11. `exit` is set by the command that ran.
struct command_line {
    common_options common;
    int exit = 0;
};

void add_serve(CLI::App& app, command_line& line);
void add_status(CLI::App& app, command_line& line);
void add_archive(CLI::App& app, command_line& line);
void add_snapshot(CLI::App& app, command_line& line);
void add_deployment(CLI::App& app, command_line& line);
void add_pocket(CLI::App& app, command_line& line);
void add_audit(CLI::App& app, command_line& line);
void add_why(CLI::App& app, command_line& line);
void add_key(CLI::App& app, command_line& line);
void add_import(CLI::App& app, command_line& line);
void add_doctor(CLI::App& app, command_line& line);
void add_gc(CLI::App& app, command_line& line);
void add_config(CLI::App& app, command_line& line);
void add_token(CLI::App& app, command_line& line);
/// These two print what `app` itself declares, so they come last.
void add_man(CLI::App& app, command_line& line);
void add_completion(CLI::App& app, command_line& line);

}  // namespace larder::cli
