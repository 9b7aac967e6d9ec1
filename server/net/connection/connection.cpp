#include "connection/connection.hpp"
#include <held.hpp>
#include <larder/base/text.hpp>
#include <larder/core/basic_auth.hpp>
#include <larder/core/conditional.hpp>

namespace larder::net {
namespace {

using namespace std::chrono;

constexpr std::size_t first_buffer = 4096;
constexpr auto linger_at_most = 5s;
/// A client is kept waiting for a refresh or an index no longer than this: apt gives up after 30 s
/// without a byte.
constexpr auto patience = 25s;
/// With a state to fall back on, a refresh is waited for only this long.
constexpr auto refresh_patience = 10s;

}  // namespace

connection::connection(std::shared_ptr<loop_context> loop, std::unique_ptr<transport> over, peer_kind peer)
    : loop_{std::move(loop)}, transport_{std::move(over)}, peer_{peer}, counts_{loop_->host.counts()} {
    winding_down_ = loop_->stopping;
    loop_->connections.insert(this);
    counts_.connections.add();
}

connection::~connection() {
    if (ear_) *ear_ = nullptr;
    loop_->connections.erase(this);
    counts_.connections.subtract();
}

void connection::expire() noexcept {
    if (sending_ != nullptr && sending_->still_moving()) return;
    // Between two requests the last answer may still be on its way.
    if (idle_ && still_taking()) return;
    counts_.timeouts.add();
    expired_ = true;
    end();
}

void connection::wind_down() noexcept {
    winding_down_ = true;
    if (!idle_) return;
    error_code ignored;
    transport_->socket().cancel(ignored);
}

bool connection::still_taking() noexcept {
    const auto queued = unsent(transport_->socket());
    const bool moving = queued > 0 && queued != queued_;
    queued_ = queued;
    if (moving) deadline = steady_clock::now() + limits().send_timeout;
    return moving;
}

awaitable<void> connection::run() {
    deadline = steady_clock::now() + limits().header_timeout;
    const auto failed = co_await transport_->handshake();
    if (!failed) {
        buffer_.resize(first_buffer);
        co_await serve();
    }
    if (!expired_ && !broken_) co_await linger();
    transport_->close();
}

/// A socket that is closed with bytes unread, or that gets some afterwards, is reset by the kernel, and the
/// client may lose the end of an answer that it has not read yet. So: say that no more comes, and read on
/// until the client ends too or has all of it.
awaitable<void> connection::linger() {
    const auto until = steady_clock::now() + linger_at_most;
    deadline = until;
    co_await transport_->end_sending();
    while (!expired_ && (unsent(transport_->socket()) > 0 || begin_ != end_)) {
        begin_ = end_ = 0;
        const auto got = co_await transport_->read_some(buffer_.data(), buffer_.size());
        if (got.failed || got.n == 0) break;
        end_ = got.n;
        if (steady_clock::now() > until) break;
    }
}

void connection::end() noexcept {
    error_code ignored;
    transport_->socket().shutdown(stream_socket::shutdown_both, ignored);
    transport_->socket().cancel(ignored);
}

core::reply_context connection::context() {
    core::reply_context c;
    c.date = loop_->date();
    c.minor = minor_;
    c.then = keep_ == then::keep && !winding_down_ ? core::connection::keep : core::connection::close;
    return c;
}

/// Requests for what is ready are read and answered in here: a coroutine of its own for each step of them
/// would cost as much as the steps.
awaitable<void> connection::serve() {
    while (!winding_down_) {
        start_head();
        auto state = look_for_head();
        while (state == core::head_state::incomplete) {
            make_room();
            const auto got = co_await transport_->read_some(buffer_.data() + end_, buffer_.size() - end_);
            if (got.failed || got.n == 0 || expired_) co_return;
            take(got.n);
            state = look_for_head();
        }
        if (state == core::head_state::bad) {
            co_await refuse_head();
            co_return;
        }
        start_answer();
        const auto size = head_.size;
        const auto* const ready = find_ready(head_);
        if (ready == nullptr)
            co_await route_and_answer(head_);
        else if (!send_at_once(head_, *ready))
            co_await answer_ready(head_, *ready);
        else if (!out_.empty())
            co_await send_rest();
        // The head's views point into the buffer: only now may its bytes go.
        if (loop_->routes->options.log.requests) log_request(head_);
        if (!body_taken_) begin_ += size;
        if (keep_ == then::close || broken_ || expired_) co_return;
    }
}

void connection::start_head() {
    searched_ = 0;
    idle_ = begin_ == end_;
    deadline = about_now() + (idle_ ? limits().idle_timeout : limits().header_timeout);
}

core::head_state connection::look_for_head() {
    if (begin_ == end_) return core::head_state::incomplete;
    return core::parse_head(waiting(), head_, fault_, searched_, limits().max_request_head);
}

void connection::take(std::size_t n) {
    end_ += n;
    if (!idle_) return;
    idle_ = false;
    deadline = about_now() + limits().header_timeout;
}

void connection::start_answer() {
    idle_ = false;
    // It was looked at while another was current; from now on it counts for none that is ahead.
    if (begin_ < prefetched_ && !ahead_of_.empty()) {
        ahead_ -= ahead_of_.front() ? 1U : 0U;
        ahead_of_.pop_front();
    }
    counts_.requests.add();
    minor_ = head_.minor;
    keep_ = head_.keep_alive ? then::keep : then::close;
    head_only_ = head_.verb == core::method::head;
    status_ = 0;
    holder_.clear();
    body_taken_ = false;
    deadline = about_now() + limits().send_timeout;
}

void connection::make_room() {
    if (begin_ > 0 && begin_ == end_) {
        begin_ = end_ = 0;
        look_again();
    } else if (end_ == buffer_.size() && begin_ > 0) {
        buffer_.replace(0, end_ - begin_, buffer_, begin_, end_ - begin_);
        end_ -= begin_;
        prefetched_ -= std::min(prefetched_, begin_);
        begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
}

void connection::look_again() {
    prefetched_ = 0;
    ahead_of_.clear();
    ahead_ = 0;
}

awaitable<void> connection::refuse_head() {
    keep_ = then::close;
    minor_ = 1;
    head_only_ = false;
    counts_.requests.add();
    co_await send_refusal(fault_.kind, fault_.status, fault_.text);
}

awaitable<void> connection::send_rest() {
    const auto failed = co_await transport_->write(out_);
    broken_ = broken_ || failed;
}

void connection::log_request(const core::request_head& head) {
    const auto status = std::to_string(status_);
    loop_->host.log().write(log_level::info,
                            printable(std::string{head.verb_text} + " " + std::string{head.target}, 1000),
                            {{"status", status}, {"agent", head.user_agent}, {"complete", broken_ ? "no" : "yes"}});
}

awaitable<bool> connection::read_body(const core::request_head& head, std::string& body) {
    // An administrator's own lists, such as a lockfile's.
    constexpr std::uint64_t most_of_admins = 64 << 20;
    const auto most =
        peer_ == peer_kind::admin ? std::max(limits().max_request_body, most_of_admins) : limits().max_request_body;
    if (head.chunked || !head.content_length || *head.content_length > most) {
        keep_ = then::close;
        if (head.chunked)
            co_await send_error(411, "a body needs a Content-Length here");
        else
            co_await send_error(413, "the body is larger than this server takes");
        co_return false;
    }
    if (head.expect_continue) {
        const auto failed = co_await transport_->write("HTTP/1.1 100 Continue\r\n\r\n");
        if (failed) broken_ = true;
    }
    const auto size = *head.content_length;
    body = waiting().substr(head.size, size);
    begin_ += head.size + body.size();
    body_taken_ = true;
    deadline = steady_clock::now() + limits().header_timeout;
    while (body.size() < size && !broken_) {
        std::string piece(std::min<std::uint64_t>(size - body.size(), 65536), '\0');
        const auto got = co_await transport_->read_some(piece.data(), piece.size());
        if (got.failed || got.n == 0 || expired_)
            broken_ = true;
        else
            body.append(piece, 0, got.n);
    }
    deadline = steady_clock::now() + limits().send_timeout;
    co_return !broken_;
}

awaitable<void> connection::route_and_answer(const core::request_head& head) {
    const auto routes = loop_->current_routes();
    auto way = routes->router(head);
    if (auto* file = std::get_if<core::archive_file>(&way)) {
        // A body there would be read as the next request: it is neither wanted nor kept.
        if (head.has_body()) keep_ = then::close;
        const pinned_view_ptr live;
        co_await answer_archive(head, *routes, *file, live);
    } else if (auto* then_file = std::get_if<core::snapshot_file>(&way)) {
        if (head.has_body()) keep_ = then::close;
        co_await answer_snapshot(head, *routes, std::move(*then_file));
    } else if (auto* held_file = std::get_if<core::deployment_file>(&way)) {
        if (head.has_body()) keep_ = then::close;
        co_await answer_deployment(head, *routes, std::move(*held_file));
    } else if (auto* set_up = std::get_if<core::deployment_page>(&way)) {
        co_await answer_deployment_page(head, std::move(*set_up));
    } else if (auto* tunnel = std::get_if<core::connect>(&way)) {
        co_await answer_connect(head, *tunnel);
    } else if (const auto* no = std::get_if<core::refuse>(&way)) {
        if (head.has_body()) keep_ = then::close;
        co_await send_refusal(no->kind, no->status, no->why);
    } else if (const auto* foreign = std::get_if<core::not_configured>(&way)) {
        if (head.has_body()) keep_ = then::close;
        co_await send_refusal(core::fault_kind::not_allowed, foreign->status, foreign->why);
    } else if (auto* call = std::get_if<core::api_call>(&way); call != nullptr && call->path.starts_with("upload/")) {
        co_await answer_upload(head, call->path.substr(7));
    } else {
        co_await answer_site(head, way);
    }
}

awaitable<void> connection::answer_archive(const core::request_head& head, const routing& routes,
                                           const core::archive_file& file, pinned_view_ptr view) {
    if (file.path.empty()) {
        co_await send_error(
            404, "this is the root of archive '" + routes.archives[file.archive]->name() + "'; there are no listings");
        co_return;
    }
    const auto from = routes.archives[file.archive];
    const auto give_up = steady_clock::now() + patience;
    if (!view && core::insists(head.cache_control)) from->insist(file.path);
    // Each step may make the next one possible; a handful is the most there can be.
    auto suite_was = archive::asked::not_yet;
    for (int turn = 0; turn < 64; ++turn) {
        // A view was chosen once, for this request: what it says is as of then.
        if (!view) resolved_at_ = loop_->host.generation();
        auto what = view ? from->resolve_pinned(*view, file.path) : from->resolve(file.path, suite_was);
        hold(*from, file.path, what);
        if (auto* serve = std::get_if<serve_object>(&what)) {
            const bool sent = co_await answer_object(head, file.path, *serve);
            if (sent) co_return;
            continue;
        }
        if (auto* fetch = std::get_if<fetch_object>(&what)) {
            co_await answer_fetch(head, from, file.path, *fetch);
            co_return;
        }
        if (auto* no = std::get_if<error>(&what)) {
            co_await send_failure(*no);
            co_return;
        }
        prefetch_queued(head.size);
        if (std::holds_alternative<ask_suite>(what)) suite_was = archive::asked::already;
        const auto moved = co_await bring(from, file.path, what, view, give_up);
        // Another suite's trouble is no answer to a path of the pool: resolving again says what is.
        const bool others = std::holds_alternative<ask_suite>(what) && !file.path.starts_with("dists/");
        if (!moved && (!others || moved.error().code() == errc::timeout)) {
            co_await send_failure(moved.error());
            co_return;
        }
        look_again();  // what could not be resolved before may be now
    }
    co_await send_error(503, "this path could not be resolved");
}

awaitable<void> connection::answer_snapshot(const core::request_head& head, const routing& routes,
                                            core::snapshot_file asked) {
    const auto name = routes.archives[asked.archive]->name();
    resolved_at_ = loop_->host.generation();
    auto view = co_await loop_->host.pinned().snapshot(name, asked.when);
    if (!view) {
        co_await send_failure(view.error());
        co_return;
    }
    const core::archive_file file{asked.archive, std::move(asked.path), false};
    co_await answer_archive(head, routes, file, *view);
}

awaitable<void> connection::answer_deployment(const core::request_head& head, const routing& routes,
                                              core::deployment_file asked) {
    if (head.verb == core::method::post) {
        co_await send_error(405, "only GET and HEAD are offered here");
        co_return;
    }
    const auto name = routes.archives[asked.archive]->name();
    resolved_at_ = loop_->host.generation();
    auto view = co_await loop_->host.pinned().deployment(asked.name, asked.generation, name);
    const auto first = asked.generation ? std::nullopt : first_use_of(routes, asked, view);
    if (first) {
        const bool pinned = co_await pin_first(head, *first);
        if (!pinned) co_return;
        resolved_at_ = loop_->host.generation();
        view = co_await loop_->host.pinned().deployment(asked.name, asked.generation, name);
    }
    if (!view) {
        co_await send_failure(view.error());
        co_return;
    }
    holder_ = asked.name;
    const core::archive_file file{asked.archive, std::move(asked.path), false};
    co_await answer_archive(head, routes, file, *view);
}

awaitable<void> connection::answer_unit_report(const core::request_head& head, std::string deployment) {
    unit_report_request request;
    request.deployment = std::move(deployment);
    request.token = core::parse_bearer(head.authorization).value_or("");
    const bool whole = co_await read_body(head, request.body);
    if (!whole) co_return;
    auto taking = offload(loop_->host.parts().pool, [&host = loop_->host, request = std::move(request)] {
        return take_unit_report(host, request);
    });
    const auto taken = co_await outcome<site_reply>::get(taking, no_deadline());
    co_await send_reply(*taken);
}

awaitable<void> connection::answer_deployment_page(const core::request_head& head, core::deployment_page asked) {
    if (head.verb == core::method::post && asked.file == "report" && !asked.generation) {
        co_await answer_unit_report(head, std::move(asked.name));
        co_return;
    }
    if (head.has_body()) keep_ = then::close;
    if (head.verb == core::method::post || asked.file == "report") {
        co_await send_error(405, "reports are sent with POST, and nothing else is");
        co_return;
    }
    deployment_file_request request{std::move(asked.name), asked.generation, std::move(asked.file),
                                    std::string{head.host}, transport_->encrypted()};
    auto making = offload(loop_->host.parts().pool, [&host = loop_->host, request = std::move(request)] {
        return answer_deployment_file(host, request);
    });
    const auto made = co_await outcome<site_reply>::get(making, no_deadline());
    co_await send_reply(*made);
}

void connection::hold(const archive& from, const std::string& path, const resolution& what) {
    // Its indices are kept with the generations.
    if (holder_.empty() || head_only_ || path.starts_with("dists/")) return;
    if (const auto* serve = std::get_if<serve_object>(&what))
        loop_->host.held().note(holder_, {serve->content, serve->info.size, from.name(), path});
    else if (const auto* fetch = std::get_if<fetch_object>(&what))
        loop_->host.held().note(holder_, {fetch->order.content, fetch->order.size, from.name(), path});
}

awaitable<result<void>> connection::bring(std::shared_ptr<archive> archive, const std::string& path,
                                          const resolution& what, pinned_view_ptr view, steady_point give_up) {
    deadline = give_up + limits().send_timeout;
    result<void> moved;
    if (const auto* suite = std::get_if<ask_suite>(&what)) {
        const auto until = std::min(give_up, steady_point{steady_clock::now() + refresh_patience});
        moved = co_await archive->refresh(suite->suite, archive::urgency::if_due, until);
    } else if (const auto* pair = std::get_if<ask_companions>(&what)) {
        moved = co_await archive->companions(pair->suite, give_up);
    } else if (const auto* wide = std::get_if<ask_by_sha512>(&what)) {
        moved = co_await archive->name_by_sha512(*wide, give_up);
    } else if (const auto* kept = std::get_if<join_chunks>(&what)) {
        const auto joined = co_await archive->join(*kept, give_up);
        // When they are damaged it is asked of upstream: resolving again says so.
        if (!joined && joined.error().code() == errc::timeout) moved = joined.error();
    } else if (const auto* several = std::get_if<look_in_indices>(&what)) {
        moved = co_await archive->look_up(view, path, *several, give_up);
    } else if (const auto* indices = std::get_if<learn_indices>(&what)) {
        const auto learnt = co_await archive->learn(indices->indices, give_up);
        // Those that cannot be had are remembered as such: resolving again says what that means.
        if (!learnt && learnt.error().code() == errc::timeout) moved = learnt.error();
    }
    deadline = steady_clock::now() + limits().send_timeout;
    co_return moved;
}

role connection::role_of(const core::request_head& head) {
    if (peer_ == peer_kind::admin) return role::admin;
    const auto& tokens = loop_->routes->options.tokens;
    if (const auto token = core::parse_bearer(head.authorization)) return role_of_token(tokens, *token);
    const auto browser = core::parse_basic(head.authorization);
    return browser ? role_of_password(tokens, browser->password) : role::none;
}

awaitable<void> serve(std::shared_ptr<loop_context> loop, seat place, std::unique_ptr<transport> over, peer_kind peer) {
    const auto until_the_end = std::move(place);
    connection it{std::move(loop), std::move(over), peer};
    co_await it.run();
}

}  // namespace larder::net
