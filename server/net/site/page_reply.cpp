#include <site/page_reply.hpp>

namespace larder::net::site {

site_reply page_reply(std::string text, int status) {
    site_reply reply;
    reply.status = status;
    reply.content_type = "text/html; charset=utf-8";
    reply.body = std::move(text);
    // Nothing but our own style sheet and icon: a script that got into a page would not run.
    reply.fields.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
    reply.fields.emplace_back("Referrer-Policy", "no-referrer");
    reply.fields.emplace_back("Cache-Control", "no-store");
    return reply;
}

}  // namespace larder::net::site
