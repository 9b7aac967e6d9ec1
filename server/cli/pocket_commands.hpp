#pragma once

#include "commands.hpp"
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cli {

void add_text(boost::json::object& to, std::string_view name, const std::string& value);
void add_texts(boost::json::object& to, std::string_view name, const std::vector<std::string>& all);

/// Prints what a publication is, or would be.
void print_publication(const boost::json::object& report, bool dry_run);

/// `pocket create` and `pocket change`.
void add_pocket_settings(CLI::App& noun, command_line& line);

}  // namespace larder::cli
