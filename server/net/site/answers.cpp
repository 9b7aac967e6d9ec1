#include <larder/net/reply.hpp>
#include <openssl/crypto.h>
#include <site/api.hpp>
#include <site/pages.hpp>
#include <site/visitor.hpp>

// Which page is asked for, and with which fields it goes out.

namespace larder::net {
namespace {

void shield(site_reply& reply) {
    // Nothing but our own style sheet and icon: a script that got into a page would not run.
    reply.fields.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
    reply.fields.emplace_back("Referrer-Policy", "no-referrer");
    reply.fields.emplace_back("Cache-Control", "no-store");
}

site_reply page_of(std::string text, int status = 200) {
    site_reply reply;
    reply.status = status;
    reply.content_type = "text/html; charset=utf-8";
    reply.body = std::move(text);
    shield(reply);
    return reply;
}

site_reply file_of(std::string_view text, std::string content_type) {
    site_reply reply;
    reply.content_type = std::move(content_type);
    reply.body = text;
    reply.fields.emplace_back("Cache-Control", "max-age=86400");
    return reply;
}

site_reply usage(const site_request& request, std::string_view public_url) {
    site_reply reply;
    reply.status = 406;
    reply.body = "This is Larder, a cache for package archives. As root on a machine that is to use it:\n\n" +
                 site::usage_text(site::base_url(request, public_url)) +
                 "\nFor people: /acng-report.html in a browser.\n";
    reply.fields.emplace_back("Vary", "Accept");
    return reply;
}

site_reply archive_page(engine& e, const site_request& request, std::string_view name) {
    const auto view = site::gather(e, e.site());
    for (const auto& a : view.archives)
        if (a.name == name) return page_of(site::archive_page(view, a, site::base_url(request, view.public_url)));
    return page_of(site::lost_page(view, name), 404);
}

}  // namespace

role role_of_token(const std::vector<core::token_options>& known, std::string_view token) {
    const auto hash = sha256(token);
    role found = role::none;
    for (const auto& one : known) {
        const auto theirs = digest::from_hex(one.sha256);
        if (!theirs || CRYPTO_memcmp(theirs->bytes.data(), hash.bytes.data(), hash.bytes.size()) != 0) continue;
        if (found != role::none) continue;
        if (one.role == "admin")
            found = role::admin;
        else if (one.role == "promote")
            found = role::promote;
        else if (one.role == "upload")
            found = role::upload;
        else if (one.role == "read")
            found = role::read;
    }
    return found;
}

site_reply answer_metrics(engine& e) {
    site_reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = render_metrics(e.counts(), e.gauges());
    return reply;
}

site_reply answer_page(engine& e, const site_request& request) {
    const auto& path = request.path;
    if (path == "larder.css") return file_of(site::style_sheet(), "text/css; charset=utf-8");
    if (path == "favicon.ico") return file_of(site::icon(), "image/svg+xml");
    if (path == "robots.txt") return file_of("User-agent: *\nDisallow: /\n", "text/plain; charset=utf-8");
    if (path.starts_with("archive/")) return archive_page(e, request, std::string_view{path}.substr(8));
    const bool report = path == "acng-report.html";
    if (path.empty() && !site::wants_html(request)) return usage(request, e.routes()->options.server.public_url);
    const auto view = site::gather(e, e.site());
    if (!path.empty() && !report) return page_of(site::lost_page(view, path), 404);
    auto reply = page_of(site::home_page(view, site::base_url(request, view.public_url)));
    if (!report) reply.fields.emplace_back("Vary", "Accept");
    return reply;
}

site_reply answer_api(engine& e, const site_request& request) { return site::answer_api(e, e.site(), request); }

}  // namespace larder::net
