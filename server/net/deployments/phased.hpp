#pragma once

#include <larder/net/deployments.hpp>

namespace larder::net::pinning {

/// Names what units are behind in only because it is being phased in (index/phased.hpp): `behind` becomes `phased`.
/// Reads the generation's indices once for it, when a unit is behind at all; where one is not here, or cannot be read,
/// `behind` stays.
result<void> name_phased(engine& e, units_report& report, const progress_sink& tell, const std::stop_token& stop);

}  // namespace larder::net::pinning
