#pragma once

#include <larder/base/error.hpp>
#include <string_view>

namespace larder::core {

/// Where an error came from: the same code means something else to the client when its own request
/// was malformed than when an upstream's bytes were.
enum class origin {
    request,   ///< the client's own doing: its path, its upload, its API call
    upstream,  ///< what had to be fetched or verified for it
};

/// The one place where an error becomes an HTTP status. 404 only for what is known to be absent:
/// apt takes it for an answer, and everything 5xx (with a body) for a reason to try again.
int http_status(errc, origin = origin::request) noexcept;

/// "Not Found"; "Unknown" for a number that is none of ours.
std::string_view reason_phrase(int status) noexcept;

}  // namespace larder::core
