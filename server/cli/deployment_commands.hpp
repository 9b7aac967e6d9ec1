#pragma once

#include "difference_table.hpp"
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

/// An object of a report; an empty one when it is not there.
const boost::json::object& inner(const boost::json::object& report, std::string_view name);

/// What a generation that was made, or would be, changes.
void print_step(const boost::json::object& report, bool dry_run, rows_of which);

/// The suites of a generation, as a table.
void print_suites(const boost::json::object& generation);

/// The text of a file that somebody named; "-" is standard input.
result<std::string> text_of_file(const std::string& path);

/// Units, and in which packages each differs.
void print_units(const boost::json::object& report);

/// deployment admit
void add_deployment_admit(CLI::App& noun, command_line& line);

/// deployment upgrade
void add_deployment_upgrade(CLI::App& noun, command_line& line);

/// deployment lock
void add_deployment_lock(CLI::App& noun, command_line& line);

/// deployment export and deployment import
void add_deployment_carry(CLI::App& noun, command_line& line);

/// deployment follow and deployment unfollow
void add_deployment_peer(CLI::App& noun, command_line& line);
/// A line on the peer that a deployment follows; nothing for one that follows nobody.
void print_follows(const boost::json::object& deployment);
/// A keyring that a command was given, for whoever has the store open: armoured keys themselves, or the file's whole
/// path.
result<std::string> keyring_of(const std::string& path);
/// The server may stand in another folder.
std::string whole_path(const std::string& path);

}  // namespace larder::cli
