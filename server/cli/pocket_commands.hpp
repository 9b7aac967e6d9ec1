#pragma once

#include "deployment_commands.hpp"
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

// What the commands of `larder pocket` have in common.

namespace larder::cli {

void add_text(boost::json::object& to, std::string_view name, const std::string& value);
void add_texts(boost::json::object& to, std::string_view name, const std::vector<std::string>& all);

/// Prints what a publication is, or would be.
void print_publication(const boost::json::object& report, bool dry_run);

/// Does a job that publishes a pocket, shows what changes, and gives the exit code: the gate's no is one.
int run_pocket_step(const common_options& common, const std::string& kind, boost::json::object options, bool dry_run);

/// Prints what `show` makes of one pocket; the exit code.
int show_pocket(const common_options& common, const std::string& name,
                const std::function<void(const boost::json::object&)>& show);

/// pocket create and pocket change
void add_pocket_settings(CLI::App& noun, command_line& line);

/// pocket uploader, pocket intake and pocket uploads
void add_pocket_uploads(CLI::App& noun, command_line& line);

/// pocket override
void add_pocket_override(CLI::App& noun, command_line& line);

/// pocket export
void add_pocket_export(CLI::App& noun, command_line& line);

/// pocket pull
void add_pocket_pull(CLI::App& noun, command_line& line);

}  // namespace larder::cli
