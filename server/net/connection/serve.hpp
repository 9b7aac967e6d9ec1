#pragma once

#include "connection/loop.hpp"
#include <memory>

namespace larder::net {

/// Who may be on the other side of a connection.
enum class peer_kind {
    network,  ///< TCP: tokens decide what it may do
    admin,    ///< the UNIX socket: whoever can open it is an administrator
};

/// Serves one connection until it ends. `connections` in the metrics counts it, and `place` on its loop.
awaitable<void> serve(std::shared_ptr<loop_context> loop, seat place, std::unique_ptr<transport> over, peer_kind peer);

}  // namespace larder::net
