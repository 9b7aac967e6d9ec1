#pragma once

#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <string>

namespace larder::store {

/// Takes `<folder>/lock` for as long as the descriptor is open; the kernel lets go of it when the
/// process ends, however it ends. `conflict`, naming the holder's pid, when it is taken.
result<unique_fd> take_lock(const std::string& folder);

}  // namespace larder::store
