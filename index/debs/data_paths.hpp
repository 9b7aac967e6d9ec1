#pragma once

#include "tar_reader.hpp"
#include <cstdint>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::debs::detail {

/// A path of data.tar as Contents has it; empty for the root itself. `malformed` when it climbs out or has a newline.
result<std::string> contents_path(std::string_view written);

/// All that a data.tar holds but folders: binary_package::files. `too_large` when the paths together have over `most`
/// bytes, `malformed` for what dpkg would not unpack.
result<std::vector<std::string>> data_paths(tar_reader&, std::uint64_t most);

}  // namespace larder::debs::detail
