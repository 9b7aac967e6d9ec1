#pragma once

#include <larder/net/pockets.hpp>

namespace larder::net::publishing {

/// A journal entry of what is no publication.
result<void> tell_journal(engine& e, std::string what, std::string subject, const publisher& who);

}  // namespace larder::net::publishing
