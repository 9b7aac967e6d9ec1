#pragma once

#include "loop.hpp"
#include <larder/net/reply.hpp>

namespace larder::net {

/// Who may be on the other side of a connection.
enum class peer_kind {
    network,  ///< TCP: tokens decide what it may do
    admin,    ///< the UNIX socket: whoever can open it is an administrator
};

/// Serves one connection until it ends. Owns the socket. `connections` in the metrics counts it.
awaitable<void> serve_plain(std::shared_ptr<loop_context> loop, stream_socket socket, peer_kind peer);
awaitable<void> serve_tls(std::shared_ptr<loop_context> loop, stream_socket socket,
                          std::shared_ptr<asio::ssl::context> tls);

}  // namespace larder::net
