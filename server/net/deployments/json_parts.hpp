#pragma once

#include <boost/json.hpp>
#include <larder/index/packages.hpp>
#include <vector>

namespace larder::net::pinning {

/// Members "packages", what became of each, and "counts", how many of each kind.
void add_changes(boost::json::object& to, const std::vector<index::package_change>& changes);

}  // namespace larder::net::pinning
