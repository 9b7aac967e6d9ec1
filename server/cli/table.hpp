#pragma once

#include <string>
#include <vector>

namespace larder::cli {

/// Rows for people: columns as wide as their widest cell, two spaces between, no spaces at a line's
/// end. The first row is the heading. Control characters in a cell become '?': upstreams write some.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace larder::cli
