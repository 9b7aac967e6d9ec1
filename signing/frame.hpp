#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::signing {

/// What one process says to another of its own over a socket: texts, each with its length in front.
using frame = std::vector<std::string>;

/// `io` when the other side has gone.
result<void> send_frame(int socket, const frame& what);
/// The same; `malformed` for what no send_frame() has sent.
result<frame> receive_frame(int socket);

/// A descriptor with one byte.
result<void> send_descriptor(int socket, int descriptor);
/// -1 when the other side has gone.
int receive_descriptor(int socket);

}  // namespace larder::signing
