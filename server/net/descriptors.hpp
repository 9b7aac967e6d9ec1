#pragma once

#include <cstddef>

namespace larder::net {

/// How many descriptors the process may have: the soft limit, which is there for old programs with select(), is
/// raised to the hard one first. At most a million, so that shares of it can be counted with.
std::size_t descriptor_limit();

}  // namespace larder::net
