#pragma once

#include "connection/transport.hpp"
#include <larder/net/engine.hpp>

namespace larder::net {

/// Connects to a host that the configuration lists for CONNECT, at an address that the policy allows.
awaitable<result<stream_socket>> open_tunnel(engine& e, std::string host, std::uint16_t port);

/// Answers 200 and copies both ways until both sides have ended or `idle` passes without a byte, a second
/// once `leaving` is true. `early` is what the client sent behind its request already.
awaitable<void> run_tunnel(stream_socket& client, stream_socket upstream, std::string early,
                           std::chrono::milliseconds idle, const bool& leaving);

}  // namespace larder::net
