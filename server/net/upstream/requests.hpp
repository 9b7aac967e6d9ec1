#pragma once

#include <larder/core/mirrors.hpp>
#include <larder/net/fetch_hub.hpp>

namespace larder::net {

/// What asks one mirror of the group for a path below it: with the archive's credentials, and to no
/// address that the policy forbids.
transfer_request request_to(const std::shared_ptr<mirror_group>& from, std::size_t mirror, const std::string& path);

/// What the end of a transfer means, for one that brought `received` bytes and was not ended by us.
core::outcome judge_end(const transfer_end& end, int status, std::uint64_t received);

}  // namespace larder::net
