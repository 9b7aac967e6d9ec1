#pragma once

#include <boost/json.hpp>
#include <larder/net/bundles.hpp>
#include <vector>

namespace larder::net::pinning {

/// Members "packages", what became of each, and "counts", how many of each kind.
void add_changes(boost::json::object& to, const std::vector<index::package_change>& changes);

/// Whom it follows; null for nobody.
boost::json::value follows_json(const std::optional<follow_status>& of);

/// What came with a bundle, or from a peer.
boost::json::object imported_json(const import_bundle_report& report);

/// Held files that are not here.
boost::json::array rows_json(const std::vector<hold_row>& all);

}  // namespace larder::net::pinning
