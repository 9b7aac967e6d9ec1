#include <site/page_reply.hpp>

namespace larder::net::site {

site_reply page_reply(std::string text, int status, forms which) {
    site_reply reply;
    reply.status = status;
    reply.content_type = "text/html; charset=utf-8";
    reply.body = std::move(text);
    // Nothing but our own style sheet and icon: a script that got into a page would not run.
    std::string policy{
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "};
    policy += which == forms::ours ? "form-action 'self'" : "form-action 'none'";
    reply.fields.emplace_back("Content-Security-Policy", std::move(policy));
    // With "no-referrer" a browser would not say whose page a form was on (Fetch, "serialize the request origin").
    reply.fields.emplace_back("Referrer-Policy", which == forms::ours ? "same-origin" : "no-referrer");
    reply.fields.emplace_back("Cache-Control", "no-store");
    return reply;
}

}  // namespace larder::net::site
