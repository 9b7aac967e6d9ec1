#pragma once

#include <larder/net/fetch_hub.hpp>

namespace larder::net {

/// Brings the bytes of one flight, mirror after mirror as core::mirror_plan says, into a temporary file of the
/// store; commits them once they have the promised hash, or else fails the flight. On the upstream loop, where
/// it lives on by itself.
void start_download(std::shared_ptr<fetch_hub::impl> hub, std::shared_ptr<flight> to, fetch_order order);

}  // namespace larder::net
