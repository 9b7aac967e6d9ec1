#pragma once

#include <larder/config/apt_sources.hpp>
#include <string>
#include <string_view>

/// What both forms of apt's sources have in common.
namespace larder::config {

/// "no", "false", "off", "without", "disable", "0", any case (apt-pkg's StringToBool).
bool is_no(std::string_view);

/// At commas and white space, as apt lets lists in options be written.
std::vector<std::string> list_of(std::string_view);

/// Puts `architecture` in place of every $(ARCH).
std::string with_architecture(std::string_view text, std::string_view architecture);

/// Takes the source if Larder can serve it, else notes why not.
void take(apt_source, apt_sources& out);

}  // namespace larder::config
