#pragma once

#include "selection.hpp"

namespace larder::qa::detail {

/// Of a world what one of its packages needs there, the package first: consistent too.
std::vector<package_id> part_of_world(const package_table&, const world&, package_id);

/// Whether every world is one, of packages that are there, and is a home to those that name it.
bool holds_together(const package_table&, const selection&);

}  // namespace larder::qa::detail
