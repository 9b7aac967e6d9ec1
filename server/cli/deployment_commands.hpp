#pragma once

#include "work.hpp"
#include <functional>
#include <string>

namespace CLI {
class App;
}

// What the commands of `larder deployment` have in common.

namespace larder::cli {

struct command_line;

/// Who stands in the history: the user who called, also behind sudo.
std::string caller();

/// Does a job wherever the store is open.
result<boost::json::object> ask(const common_options& common, const work& what);

/// A report as JSON, or for people; the exit code.
int print(const common_options& common, const result<boost::json::object>& report,
          const std::function<void(const boost::json::object&)>& for_people);

/// The suites of a generation, as a table.
void print_suites(const boost::json::object& generation);

/// The text of a file that somebody named; "-" is standard input.
result<std::string> text_of_file(const std::string& path);

/// deployment lock
void add_deployment_lock(CLI::App& noun, command_line& line);

/// deployment export and deployment import
void add_deployment_carry(CLI::App& noun, command_line& line);

}  // namespace larder::cli
