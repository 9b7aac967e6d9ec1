#pragma once

#include <set>
#include <string>
#include <string_view>

namespace larder::config {

/// A name for the archive at a base URL (in its one form, see check_url) that is valid and not in
/// `taken`: its last part, else with the parts before it in front, else the host's, else a number.
/// Adds it to `taken`.
std::string name_for(std::string_view url, std::set<std::string>& taken);

}  // namespace larder::config
