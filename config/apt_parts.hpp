#pragma once

#include <larder/config/apt_sources.hpp>
#include <string>
#include <string_view>

/// What both forms of apt's sources have in common.
namespace larder::config {

/// "no", "false", "off", "without", "disable" in any case, or a number as C writes it that is 0: "0", "00",
/// "0x0" (apt-pkg's StringToBool). An empty text is no answer.
bool is_no(std::string_view);

/// At commas and white space, as apt lets lists in options be written.
std::vector<std::string> list_of(std::string_view);

/// Puts `architecture` in place of every $(ARCH).
std::string with_architecture(std::string_view text, std::string_view architecture);

/// Takes the source if Larder can serve it, else notes why not.
void take(apt_source, apt_sources& out);

}  // namespace larder::config
