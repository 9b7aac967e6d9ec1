#include "connection/connection.hpp"
#include "connection/tunnel.hpp"
#include "pockets/archive_keys.hpp"
#include <larder/core/basic_auth.hpp>
#include <larder/core/status.hpp>

namespace larder::net {
namespace {

/// The public keys that a local archive is signed with. Those of others are for whoever configured them to hand out.
site_reply answer_key(engine& from, const std::string& name) {
    site_reply reply;
    const auto archive = from.find_archive(name);
    if (archive && archive->options().local) {
        reply.content_type = "application/pgp-keys";
        reply.body = from.keys().published(name);
        return reply;
    }
    reply.status = 404;
    reply.body = "no archive of that name is published here\n";
    return reply;
}

}  // namespace

awaitable<void> connection::answer_connect(const core::request_head& head, const core::connect& to) {
    keep_ = then::close;
    if (transport_->encrypted()) {
        co_await send_error(405, "CONNECT is not offered inside TLS");
        co_return;
    }
    const std::string early{waiting().substr(head.size)};
    auto opened = co_await open_tunnel(loop_->host, to.host, to.port);
    if (!opened) {
        co_await send_failure(opened.error());
        co_return;
    }
    counts_.tunnels.add();
    deadline = steady_point::max();
    co_await run_tunnel(transport_->socket(), std::move(*opened), early, limits().idle_timeout, winding_down_);
    broken_ = true;
}

awaitable<void> connection::answer_site(const core::request_head& head, const core::route& way) {
    if (const auto* call = std::get_if<core::api_call>(&way)) {
        const bool sent = co_await answer_api_object(head, *call);
        if (sent) co_return;
    }
    site_request request;
    request.verb = head.verb;
    request.host = head.host;
    request.user_agent = head.user_agent;
    request.accept = head.accept;
    request.content_type = head.content_type;
    request.secure = transport_->encrypted();
    request.origin = head.origin;
    request.fetch_site = head.fetch_site;
    request.if_none_match = head.if_none_match;
    request.who = role_of(head);
    request.by_form = request.who;
    const auto& tokens = loop_->routes->options.tokens;
    if (const auto token = core::parse_bearer(head.authorization)) {
        request.caller = name_of_token(tokens, *token);
    } else if (const auto browser = core::parse_basic(head.authorization)) {
        request.caller = name_of_token(tokens, browser->password);
        request.by_form = std::max(request.who, role_of_token(tokens, browser->password));
    }
    std::optional<site_part> part;
    if (const auto* api = std::get_if<core::api_call>(&way)) {
        request.path = api->path;
        request.query = api->query;
        part = site_part::api;
    } else if (const auto* page = std::get_if<core::page>(&way)) {
        request.path = page->path;
        request.query = page->query;
        part = site_part::page;
    }
    if (head.has_body()) {
        const bool whole = co_await read_body(head, request.body);
        if (!whole) co_return;
    }
    site_reply reply;
    if (part) {
        auto making = begin_answer(loop_->host, *part, std::move(request));
        deadline = steady_point::max();
        auto made = co_await outcome<site_reply>::get(making, no_deadline());
        deadline = std::chrono::steady_clock::now() + limits().send_timeout;
        reply = std::move(*made);
    } else if (std::holds_alternative<core::metrics>(way)) {
        reply = answer_metrics(loop_->host);
    } else if (std::holds_alternative<core::healthz>(way)) {
        reply.body = "ok\n";
    } else if (const auto* key = std::get_if<core::key_file>(&way)) {
        reply = answer_key(loop_->host, key->name);
    } else {
        reply.status = 404;
        reply.body = "not served here\n";
    }
    co_await send_reply(reply);
}

awaitable<void> connection::send_reply(const site_reply& reply) {
    out_.clear();
    status_ = reply.status;
    core::head_writer head{out_, reply.status, context()};
    head.field("Content-Type", reply.content_type);
    // Of an answer without a body it would be that of the page (RFC 9110, section 8.6).
    if (reply.status != 304) head.field("Content-Length", reply.body.size());
    head.field("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : reply.fields) head.field(name, value);
    head.end();
    if (!head_only_) out_ += reply.body;
    const auto failed = co_await transport_->write(out_);
    broken_ = broken_ || failed;
}

awaitable<void> connection::send_error(int status, std::string reason) {
    status_ = status;
    if (status == 404) counts_.not_found.add();
    if (status >= 500) counts_.failures.add();
    out_.clear();
    core::append_error(out_, status, reason, context(), head_only_ ? core::body::leave_out : core::body::send);
    const auto failed = co_await transport_->write(out_);
    broken_ = broken_ || failed;
}

awaitable<void> connection::send_refusal(core::fault_kind kind, int status, std::string_view reason) {
    counts_.refused.add();
    counts_.faults[static_cast<std::size_t>(kind)].add();
    if (status == 400 || status == 431 || status == 501 || status == 505) keep_ = then::close;
    const std::string text{reason};
    co_await send_error(status, text);
}

awaitable<void> connection::send_failure(const error& why) {
    const auto status = core::http_status(why.code(), core::origin::upstream);
    co_await send_error(status, why.detail());
}

awaitable<void> connection::send_fetch_failure(const std::string& path, const error& why) {
    const bool package = why.code() == errc::absent && path.find("pool/") != std::string::npos;
    const auto status = package ? 502 : core::http_status(why.code(), core::origin::upstream);
    co_await send_error(status, why.detail());
}

}  // namespace larder::net
