#pragma once

#include <larder/net/reply.hpp>
#include <site/overview.hpp>
#include <stop_token>
#include <string>
#include <string_view>

namespace larder::net::site {

/// Promotion and rollback from a pocket's page: a GET shows what would change, and a POST of the form there does it.
/// Both are for tokens with the role promote or admin. A browser shows a token as a password, and does so for whatever
/// a page elsewhere has it ask for; so the POST must come from a page of ours (Sec-Fetch-Site, Origin) and carry the
/// mark that only the form has which this caller was shown (form_seal.hpp). The mark is of the publications and of the
/// difference that were shown: what has changed since is not done.

/// Whether the query asks for such a step: "do=promote", "do=rollback&to=3".
bool asks_for_step(std::string_view query);
/// Blocks.
site_reply show_step(engine& e, const site_request& request, const overview& view, const std::string& pocket,
                     const std::stop_token& stop);
/// Blocks.
site_reply take_step(engine& e, const site_request& request, const overview& view, const std::string& pocket,
                     const std::stop_token& stop);

/// Whether a browser says that the request comes from a page elsewhere. `public_url` as configured. What says nothing
/// is no browser of this decade.
bool from_elsewhere(const site_request& request, std::string_view public_url);

}  // namespace larder::net::site
