#pragma once

#include <larder/base/result.hpp>
#include <larder/core/options.hpp>
#include <string_view>

namespace larder::cli {

/// Opens the keyrings of all archives as the server does when it starts; `bad_config` with a line for each
/// archive that it would refuse. `file_name`, of the configuration, is for these lines.
result<void> check_keyrings(const core::options& config, std::string_view file_name);

}  // namespace larder::cli
