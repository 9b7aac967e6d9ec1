#pragma once

#include "selection.hpp"

namespace larder::qa::detail {

/// See installability::explain().
explanation explain(const package_table&, const selection&, package_id);

}  // namespace larder::qa::detail
