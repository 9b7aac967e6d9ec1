#pragma once

#include <larder/net/reply.hpp>
#include <string>

namespace larder::net::site {

/// A page as it goes out: it may load our own style sheet and icon and nothing else, and is kept by nobody.
site_reply page_reply(std::string text, int status = 200);

}  // namespace larder::net::site
