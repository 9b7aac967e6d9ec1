#pragma once

#include <larder/net/reply.hpp>
#include <string>

namespace larder::net::site {

/// The URL under which this visitor reaches the server, without a slash at the end: public_url, else
/// the request's own Host, else "http://SERVER:3142" (a Host that could be more than a host stands in
/// no line that people copy into a shell). Only letters, digits and "-._~:/[]%".
std::string base_url(const site_request& request, std::string_view public_url);

/// Whether the request's Accept names HTML, as every browser's does. "*/*" and apt's "text/*" do not.
bool wants_html(const site_request& request);

/// Has a browser ask its user for a name and a password (RFC 7617), and ask again with them.
void ask_for_password(site_reply& refusal);

}  // namespace larder::net::site
