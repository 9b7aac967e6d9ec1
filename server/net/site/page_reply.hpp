#pragma once

#include <larder/net/reply.hpp>
#include <string>

namespace larder::net::site {

enum class forms { none, ours };
/// A page as it goes out: it may load our own style sheet and icon and nothing else, and is kept by nobody. Its forms
/// go to us or nowhere.
site_reply page_reply(std::string text, int status = 200, forms which = forms::none);

}  // namespace larder::net::site
