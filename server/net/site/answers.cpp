#include <larder/net/reply.hpp>
#include <openssl/crypto.h>
#include <site/api.hpp>
#include <site/deployment_answers.hpp>
#include <site/deployment_pages.hpp>
#include <site/keys_page.hpp>
#include <site/page_reply.hpp>
#include <site/pages.hpp>
#include <site/pocket_pages.hpp>
#include <site/visitor.hpp>

// Which page is asked for, and with which fields it goes out.

namespace larder::net {
namespace {

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
        if (a.name == name)
            return site::page_reply(site::archive_page(view, a, site::base_url(request, view.public_url)));
    return site::page_reply(site::lost_page(view, name), 404);
}

}  // namespace

namespace {

/// The first with the token's hash. Every one is compared, and each in a time that does not depend on where it differs.
const core::token_options* find_token(const std::vector<core::token_options>& known, std::string_view token) {
    const auto hash = sha256(token);
    const core::token_options* found = nullptr;
    for (const auto& one : known) {
        const auto theirs = digest::from_hex(one.sha256);
        if (!theirs || CRYPTO_memcmp(theirs->bytes.data(), hash.bytes.data(), hash.bytes.size()) != 0) continue;
        if (found == nullptr) found = &one;
    }
    return found;
}

role role_called(std::string_view name) {
    if (name == "admin") return role::admin;
    if (name == "promote") return role::promote;
    if (name == "upload") return role::upload;
    return name == "read" ? role::read : role::none;
}

}  // namespace

role role_of_token(const std::vector<core::token_options>& known, std::string_view token) {
    const auto* found = find_token(known, token);
    return found != nullptr ? role_called(found->role) : role::none;
}

std::string name_of_token(const std::vector<core::token_options>& known, std::string_view token) {
    const auto* found = find_token(known, token);
    return found != nullptr ? found->name : std::string{};
}

site_reply answer_metrics(engine& e) {
    site_reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = render_metrics(e.counts(), e.gauges());
    return reply;
}

role role_of_password(const std::vector<core::token_options>& known, std::string_view password) {
    return std::min(role::read, role_of_token(known, password));
}

site_reply answer_page(engine& e, const site_request& request, const std::stop_token& stop) {
    const auto& path = request.path;
    if (path == "larder.css") return file_of(site::style_sheet(), "text/css; charset=utf-8");
    if (path == "favicon.ico") return file_of(site::icon(), "image/svg+xml");
    if (path == "robots.txt") return file_of("User-agent: *\nDisallow: /\n", "text/plain; charset=utf-8");
    if (site::of_deployments(path)) return site::answer_deployment_page(e, request, stop);
    if (site::of_keys(path)) return site::answer_keys_page(e);
    if (site::of_pockets(path)) return site::answer_pocket_page(e, request, stop);
    if (path.starts_with("archive/")) return archive_page(e, request, std::string_view{path}.substr(8));
    const bool report = path == "acng-report.html";
    if (path.empty() && !site::wants_html(request)) return usage(request, e.routes()->options.server.public_url);
    const auto view = site::gather(e, e.site());
    if (!path.empty() && !report) return site::page_reply(site::lost_page(view, path), 404);
    auto reply = site::page_reply(site::home_page(view, site::base_url(request, view.public_url)));
    if (!report) reply.fields.emplace_back("Vary", "Accept");
    return reply;
}

site_reply answer_api(engine& e, const site_request& request, const std::stop_token& stop) {
    return site::answer_api(e, e.site(), request, stop);
}

namespace {

site_reply unavailable(engine& e, site_part part, std::string_view why) {
    auto reply = part == site_part::api
                     ? site::json_error(503, "busy", why)
                     : site::page_reply(site::trouble_page(site::gather(e, e.site()), "Not now", why), 503);
    reply.fields.emplace_back("Retry-After", "5");
    return reply;
}

site_reply answer(engine& e, site_part part, const site_request& request, const std::stop_token& stop) {
    if (stop.stop_requested()) return unavailable(e, part, "The server is stopping.");
    return part == site_part::api ? answer_api(e, request, stop) : answer_page(e, request, stop);
}

}  // namespace

std::shared_ptr<outcome<site_reply>> begin_answer(engine& e, site_part part, site_request request) {
    const auto cost = part == site_part::api ? site::effort_of_call(e.site(), request) : site::effort_of_page(request);
    auto made = std::make_shared<outcome<site_reply>>();
    if (cost == site::effort::at_once) {
        made->set(answer(e, part, request, {}));
        return made;
    }
    auto make = [&e, part, request = std::move(request)](const std::stop_token& stop) {
        try {
            return answer(e, part, request, stop);
        } catch (const std::exception& broken) {
            e.log().write(log_level::error, "answering /" + request.path + ": " + broken.what());
            return unavailable(e, part, "The server cannot answer this now; its log says why.");
        }
    };
    if (auto begun = e.site().answers().begin(e.parts().pool, cost, std::move(make))) return begun;
    made->set(unavailable(e, part, "Too many others ask for what takes long."));
    return made;
}

}  // namespace larder::net
