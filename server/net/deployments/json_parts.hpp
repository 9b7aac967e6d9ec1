#pragma once

#include <boost/json.hpp>
#include <larder/net/deployments.hpp>
#include <vector>

namespace larder::net::pinning {

/// Members "packages", what became of each, and "counts", how many of each kind.
void add_changes(boost::json::object& to, const std::vector<index::package_change>& changes);

/// Held files that are not here.
boost::json::array rows_json(const std::vector<hold_row>& all);

}  // namespace larder::net::pinning
