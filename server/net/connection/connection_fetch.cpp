#include "connection/connection.hpp"

namespace larder::net {
namespace {

using namespace std::chrono;

/// Requests queued behind one whose fetches are started: apt has 11 in flight.
constexpr unsigned most_ahead = 16;
/// Downloads under way or waiting, over all clients; beyond it a miss is told to come back.
constexpr std::size_t most_downloads = 1024;
/// A client is kept waiting for a first byte no longer than this: apt gives up after 30 s without one.
constexpr auto patience = 25s;
/// The same where another form of the file can be had at once.
constexpr auto patience_for_form = 5s;

}  // namespace

awaitable<void> connection::answer_fetch(const core::request_head& head, std::shared_ptr<archive> from,
                                         const std::string& path, const fetch_object& fetch) {
    if (loop_->host.parts().hub.active() >= most_downloads && !loop_->host.parts().hub.find(fetch.order.content)) {
        co_await send_error(503, "this server is fetching as many files as it can; try again");
        co_return;
    }
    bool started = false;
    const auto coming = loop_->host.parts().hub.get(fetch.order, &started);
    if (fetch.other_form) {
        prefetch_queued(head.size);
        const bool refused = co_await refuse_form(from, path, coming);
        if (refused) co_return;
    }
    (started ? counts_.misses : counts_.joins).add();
    const auto keep = fetch.immutable ? core::lifetime_of(path) : core::lifetime::revalidate;
    co_await answer_flight(head, path, coming, keep, started ? "miss" : "joined");
}

awaitable<bool> connection::refuse_form(std::shared_ptr<archive> from, const std::string& path,
                                        std::shared_ptr<flight> coming) {
    deadline = steady_point::max();
    const auto state = co_await first_bytes(coming, patience_for_form);
    deadline = steady_clock::now() + limits().send_timeout;
    if (broken_ || expired_) co_return true;
    if (state && state->now != flight::state::phase::failed) co_return false;
    from->not_to_be_had(coming->want());
    const auto reason = path + ": it cannot be had from upstream now, but its uncompressed form can be had here";
    co_await send_error(404, reason);
    co_return true;
}

awaitable<void> connection::answer_flight(const core::request_head& head, const std::string& path,
                                          std::shared_ptr<flight> coming, core::lifetime keep, std::string_view cache) {
    from_store_ = cache == "hit";
    prefetch_queued(head.size);
    deadline = steady_point::max();
    const auto state = co_await first_bytes(coming, patience);
    deadline = steady_clock::now() + limits().send_timeout;
    if (!state) {
        co_await send_error(504, "upstream has not sent a byte of it yet; the fetch goes on, try again");
        co_return;
    }
    if (state->now == flight::state::phase::failed) {
        co_await send_fetch_failure(path, state->why);
        co_return;
    }
    coming->taken();
    const auto etag = core::etag_of(coming->want());
    core::file_head h;
    h.what = decide(head, dates_tell(keep), *state->size, *state->modified, etag);
    h.size = *state->size;
    h.modified = *state->modified;
    h.etag = etag;
    h.content_type = core::content_type_of(path);
    h.keep = keep;
    h.cache = cache;
    out_.clear();
    core::append_file_head(out_, h, context());
    count_status(h.what.status);
    co_await send_flight(coming, h.what);
}

awaitable<std::optional<flight::state>> connection::first_bytes(std::shared_ptr<flight> coming, seconds how_long) {
    const auto give_up = steady_clock::now() + how_long;
    for (;;) {
        const auto w = std::make_shared<waiter>(transport_->socket().get_executor());
        auto state = coming->enter(w, 0);
        const bool usable =
            state.size && state.modified && (state.readable > 0 || state.now == flight::state::phase::verified);
        if (usable || state.now == flight::state::phase::failed) co_return state;
        if (may_read_on() && transport_->holds_more() && !read_queued()) {
            broken_ = true;
            co_return std::nullopt;
        }
        const bool listening = listen_while_waiting(w);
        const bool woken = co_await waiter::until(w, give_up);
        if (listening) {
            error_code ignored;
            transport_->socket().cancel(ignored);
        }
        if (!woken || expired_) co_return std::nullopt;
        if (listening && !read_queued()) {
            broken_ = true;
            co_return std::nullopt;
        }
    }
}

bool connection::may_read_on() {
    return !finished_ && keep_ == then::keep && !head_.has_body() && end_ - begin_ < limits().max_request_head;
}

bool connection::listen_while_waiting(const std::shared_ptr<waiter>& w) {
    if (!may_read_on()) return false;
    transport_->socket().async_wait(stream_socket::wait_read, [w](error_code ec) {
        if (ec != asio::error::operation_aborted) waiter::wake(w);
    });
    return true;
}

bool connection::read_queued() {
    do {
        if (!read_once()) return false;
    } while (may_read_on() && transport_->holds_more());
    return true;
}

bool connection::read_once() {
    if (end_ == buffer_.size()) {
        // The current head's views point into the buffer: read it again where it is now.
        const auto size = head_.size;
        make_room();
        core::parse_fault why;
        std::size_t searched = 0;
        core::parse_head(waiting().substr(0, size), head_, why, searched, size);
    }
    const auto most = limits().max_request_head - (end_ - begin_);
    const auto got = transport_->read_now(buffer_.data() + end_, std::min(buffer_.size() - end_, most));
    if (got.failed == asio::error::would_block || got.failed == asio::error::try_again) return true;
    if (got.failed == asio::error::eof) {
        // No further requests; those that were asked for may still be wanted.
        finished_ = true;
        return true;
    }
    if (got.failed) return false;
    end_ += got.n;
    prefetch_queued(head_.size);
    return true;
}

void connection::listen() {
    if (ear_ || !may_read_on()) return;
    if (transport_->holds_more() && !(read_queued() && may_read_on())) return;
    ear_ = std::make_shared<connection*>(this);
    hear();
}

void connection::hear() {
    transport_->socket().async_wait(stream_socket::wait_read, [ear = ear_](error_code ec) {
        auto* const me = *ear;
        if (ec || me == nullptr || !me->may_read_on()) return;
        // A client that has gone shows in the sending as well.
        if (me->read_queued() && me->may_read_on()) me->hear();
    });
}

void connection::stop_listening() {
    if (!ear_) return;
    *ear_ = nullptr;
    ear_.reset();
    error_code ignored;
    transport_->socket().cancel(ignored);
}

std::optional<resolution> connection::resolve_ahead(const routing& routes, const core::route& way) {
    if (const auto* file = std::get_if<core::archive_file>(&way))
        return file->path.empty() ? std::nullopt : std::optional{routes.archives[file->archive]->resolve(file->path)};
    const auto* held = std::get_if<core::deployment_file>(&way);
    if (held == nullptr || held->path.empty()) return {};
    const auto& from = routes.archives[held->archive];
    const auto view = loop_->host.pinned().ready(held->name, held->generation, from->name());
    return view ? std::optional{from->resolve_pinned(*view, held->path)} : std::nullopt;
}

/// Trouble with what is queued is none of the answer that is on its way: it comes up again when its turn comes.
void connection::prefetch_queued(std::size_t from) {
    try {
        look_at_queued(from);
    } catch (const std::exception& e) {
        loop_->host.log().write(log_level::error, std::string{"queued requests not looked at: "} + e.what());
    }
}

void connection::look_at_queued(std::size_t from) {
    // Behind a body, or where no further request will be answered, those are no requests.
    if (head_.has_body() || keep_ == then::close) return;
    auto at = std::max(begin_ + from, prefetched_);
    if (at >= end_) return;
    auto& hub = loop_->host.parts().hub;
    const auto routes = loop_->current_routes();
    while (at < end_) {
        core::request_head head;
        core::parse_fault why;
        if (core::parse_head({buffer_.data() + at, end_ - at}, head, why) != core::head_state::complete ||
            head.has_body())
            break;
        if (ahead_ >= most_ahead) break;
        at += head.size;
        prefetched_ = at;
        ahead_of_.push_back(false);
        if (const auto ready = loop_->answers.find(std::string{head.target});
            ready != loop_->answers.end() && ready->second.generation == loop_->host.generation())
            continue;
        const auto what = resolve_ahead(*routes, routes->router(head));
        const auto* fetch = what ? std::get_if<fetch_object>(&*what) : nullptr;
        if (fetch == nullptr || hub.active() >= most_downloads) continue;
        hub.get(fetch->order);
        ahead_of_.back() = true;
        ++ahead_;
    }
}

awaitable<void> connection::send_flight(std::shared_ptr<flight> coming, core::answer what) {
    std::uint64_t at = what.offset;
    const auto length = head_only_ ? 0 : what.length;
    const auto stop = what.offset + length;
    if (length == 0) {
        const auto failed = co_await transport_->write(out_);
        broken_ = broken_ || failed;
        co_return;
    }
    std::string_view first = out_;
    send_watch watch{transport_->socket(), deadline, limits().send_timeout};
    listen();
    // The end of a part is held back like the end of the whole: until all is known to be right.
    const auto whole = coming->look().size.value_or(stop);
    const auto held_from = stop < whole ? stop - std::min(length, flight::tail) : stop;
    while (at < stop) {
        deadline = steady_point::max();
        const auto beyond = at < held_from ? at : store::unknown_size;
        const auto state = co_await flight::beyond(coming, beyond, no_deadline());
        deadline = steady_clock::now() + limits().send_timeout;
        if (expired_ || state->now == flight::state::phase::failed) {
            // The promised bytes will not come: a short body is the only honest end.
            counts_.cut.add();
            broken_ = true;
            break;
        }
        const bool verified = state->now == flight::state::phase::verified;
        const auto part = (verified ? stop : std::min(state->readable, held_from)) - at;
        std::uint64_t sent = 0;
        sending_ = &watch;
        const auto failed = co_await transport_->send_file(first, coming->fd(), at, part, sent, watch);
        sending_ = nullptr;
        first = {};
        at += sent;
        if (failed) {
            broken_ = true;
            break;
        }
    }
    stop_listening();
    counts_.bytes_sent.add(at - what.offset);
    if (from_store_) counts_.bytes_from_store.add(at - what.offset);
}

}  // namespace larder::net
