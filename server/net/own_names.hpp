#pragma once

#include <larder/core/options.hpp>
#include <larder/net/log.hpp>
#include <string>
#include <vector>

namespace larder::net {

/// "host:port" under which clients reach this server: the addresses it listens on (all of the machine's
/// where it listens on all; a warning is logged when they cannot be listed), those of the loopback,
/// localhost and the machine's name. A request through it as a proxy for one of these is a request to it.
/// Blocks for no look-up.
std::vector<std::string> own_names(const core::server_options& server, logger& log);

}  // namespace larder::net
