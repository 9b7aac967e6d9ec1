#pragma once

#include "admin_client.hpp"
#include <larder/core/options.hpp>
#include <optional>

namespace larder::cli {

/// The running server of this configuration: who answers at its admin socket and has its store open.
/// Nothing when nobody does; `conflict`, naming both stores, when who answers there has another one.
result<std::optional<admin_client>> server_of(const core::options& config);

}  // namespace larder::cli
