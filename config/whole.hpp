#pragma once

#include "problems.hpp"
#include <larder/core/options.hpp>

namespace larder::config {

/// What can only be judged with the whole file read: settings that need each other, names that must
/// differ. Lines come from what the reader noted under "server.listen_tls" and "archive[0].name".
void check_whole(const core::options&, problems&);

}  // namespace larder::config
