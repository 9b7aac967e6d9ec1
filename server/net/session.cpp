#include "session.hpp"
#include "tunnel.hpp"
#include <larder/base/text.hpp>
#include <larder/core/basic_auth.hpp>
#include <larder/core/conditional.hpp>
#include <larder/core/response_head.hpp>
#include <larder/core/status.hpp>

// One connection: read heads, decide, send. Requests are answered in order; while one waits for its
// bytes, those queued behind it already have their fetches started.

namespace larder::net {
namespace {

using namespace std::chrono;

constexpr std::size_t first_buffer = 4096;
constexpr std::size_t most_answers = 512;
/// Requests queued behind one whose fetches are started: apt has 11 in flight.
constexpr unsigned most_ahead = 16;
/// Downloads under way or waiting, over all clients; beyond it a miss is told to come back.
constexpr std::size_t most_downloads = 1024;
/// A client is kept waiting for a refresh, an index or a first byte no longer than this: apt gives up
/// after 30 s without a byte.
constexpr auto patience = 25s;
/// With a state to fall back on, a refresh is waited for only this long.
constexpr auto refresh_patience = 10s;
constexpr auto note_every = 60s;

/// What became of the connection after a request.
enum class then { keep, close };

template <class Transport>
class session final : public watched {
public:
    session(std::shared_ptr<loop_context> loop, Transport transport, peer_kind peer)
        : loop_{std::move(loop)}, transport_{std::move(transport)}, peer_{peer}, counts_{loop_->host.counts()} {
        winding_down_ = loop_->stopping;
        loop_->connections.insert(this);
        counts_.connections.add();
    }
    ~session() override {
        loop_->connections.erase(this);
        counts_.connections.subtract();
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void expire() noexcept override {
        if (sending_ != nullptr && sending_->still_moving()) return;
        counts_.timeouts.add();
        expired_ = true;
        end();
    }
    void wind_down() noexcept override {
        winding_down_ = true;
        if (idle_) end();
    }

    awaitable<void> run() {
        deadline = steady_clock::now() + limits().header_timeout;
        const auto failed = co_await transport_.handshake();
        if (!failed) {
            buffer_.resize(first_buffer);
            bool more = true;
            while (more && !winding_down_) more = co_await one_request();
        }
        co_await transport_.close();
    }

private:
    const core::server_options& limits() { return loop_->routes->options.server; }

    void end() noexcept {
        error_code ignored;
        transport_.socket().shutdown(stream_socket::shutdown_both, ignored);
        transport_.socket().cancel(ignored);
    }

    std::string_view waiting() const { return {buffer_.data() + begin_, end_ - begin_}; }

    core::reply_context context() {
        core::reply_context c;
        c.date = loop_->date();
        c.minor = minor_;
        c.then = keep_ == then::keep && !winding_down_ ? core::connection::keep : core::connection::close;
        return c;
    }

    // ---- reading

    /// Reads until a whole head is in the buffer. False: the connection is over.
    awaitable<bool> read_head(core::request_head& head) {
        std::size_t searched = 0;
        core::parse_fault why;
        idle_ = begin_ == end_;
        deadline = steady_clock::now() + (idle_ ? limits().idle_timeout : limits().header_timeout);
        for (;;) {
            if (begin_ != end_) {
                const auto state = core::parse_head(waiting(), head, why, searched, limits().max_request_head);
                if (state == core::head_state::complete) break;
                if (state == core::head_state::bad) {
                    co_await refuse_head(why);
                    co_return false;
                }
            }
            make_room();
            const auto got = co_await transport_.read_some(buffer_.data() + end_, buffer_.size() - end_);
            if (got.failed || got.n == 0 || expired_) co_return false;
            end_ += got.n;
            if (idle_) {
                idle_ = false;
                deadline = steady_clock::now() + limits().header_timeout;
            }
        }
        idle_ = false;
        co_return true;
    }

    void make_room() {
        if (begin_ > 0 && begin_ == end_) {
            begin_ = end_ = 0;
        } else if (end_ == buffer_.size() && begin_ > 0) {
            buffer_.replace(0, end_ - begin_, buffer_, begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        prefetched_ = 0;
        if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    }

    awaitable<void> refuse_head(core::parse_fault why) {
        keep_ = then::close;
        minor_ = 1;
        counts_.requests.add();
        co_await send_refusal(why.kind, why.status, why.text);
    }

    awaitable<bool> one_request() {
        auto& head = head_;
        head = {};
        const bool whole = co_await read_head(head);
        if (!whole) co_return false;
        counts_.requests.add();
        minor_ = head.minor;
        keep_ = head.keep_alive ? then::keep : then::close;
        head_only_ = head.verb == core::method::head;
        const auto size = head.size;
        status_ = 0;
        deadline = steady_clock::now() + limits().send_timeout;
        const bool quick = co_await try_ready(head);
        if (!quick) co_await route_and_answer(head);
        // The head's views point into the buffer: only now may its bytes go.
        if (loop_->routes->options.log.requests) log_request(head);
        if (!body_taken_) begin_ += size;
        body_taken_ = false;
        co_return keep_ == then::keep && !broken_ && !expired_;
    }

    void log_request(const core::request_head& head) {
        const auto status = std::to_string(status_);
        loop_->host.log().write(log_level::info,
                                printable(std::string{head.verb_text} + " " + std::string{head.target}, 1000),
                                {{"status", status}, {"agent", head.user_agent}, {"complete", broken_ ? "no" : "yes"}});
    }

    // ---- answers that are ready

    static bool plain_get(const core::request_head& head) {
        return (head.verb == core::method::get || head.verb == core::method::head) &&
               head.proxy_authorization.empty() && !head.has_body();
    }

    awaitable<bool> try_ready(const core::request_head& head) {
        loop_->follow_removals();
        if (!plain_get(head)) co_return false;
        key_.assign(head.target);
        const auto found = loop_->answers.find(key_);
        if (found == loop_->answers.end()) co_return false;
        auto& ready = found->second;
        if (ready.generation != loop_->host.generation()) {
            loop_->answers.erase(found);
            co_return false;
        }
        const auto now = steady_clock::now();
        if (now - ready.noted > note_every) {
            ready.noted = now;
            loop_->host.store().known().used(ready.file->content, loop_->host.clock().now());
        }
        // The map may change while this waits for the client.
        const served_file_ptr file = ready.file;
        counts_.hits.add();
        const bool simple = head.range.empty() && head.if_modified_since.empty() && head.if_none_match.empty() &&
                            head.minor == 1 && keep_ == then::keep && !winding_down_;
        if (simple) {
            status_ = 200;
            out_.assign(ready.head_200);
            out_ += loop_->date();
            out_ += "\r\n\r\n";
            core::answer whole;
            whole.length = file->size;
            co_await send_file(file, whole);
        } else {
            const auto type = ready.content_type;
            const auto keep = ready.keep;
            co_await answer_file(head, file, type, keep, std::nullopt, "hit");
        }
        co_return true;
    }

    void remember(const core::request_head& head, const served_file_ptr& file, std::string_view content_type,
                  core::lifetime keep) {
        if (!plain_get(head) || head.target.size() > 2000) return;
        if (loop_->answers.size() >= most_answers) loop_->answers.clear();
        loop_context::ready ready;
        ready.generation = resolved_at_;
        ready.file = file;
        ready.keep = keep;
        ready.content_type = content_type;
        ready.noted = steady_clock::now();
        core::file_head whole;
        whole.what.length = file->size;
        whole.size = file->size;
        whole.modified = file->modified;
        whole.etag = file->etag;
        whole.content_type = content_type;
        whole.keep = keep;
        whole.cache = "hit";
        core::append_file_head(ready.head_200, whole, core::reply_context{});
        ready.head_200.resize(ready.head_200.size() - 2);
        ready.head_200 += "Date: ";
        loop_->answers.insert_or_assign(std::string{head.target}, std::move(ready));
    }

    // ---- deciding

    awaitable<void> route_and_answer(const core::request_head& head) {
        const auto routes = loop_->current_routes();
        auto way = routes->router(head);
        if (auto* file = std::get_if<core::archive_file>(&way)) {
            // A body there would be read as the next request: it is neither wanted nor kept.
            if (head.has_body()) keep_ = then::close;
            co_await answer_archive(head, *routes, *file);
        } else if (auto* tunnel = std::get_if<core::connect>(&way)) {
            co_await answer_connect(head, *tunnel);
        } else if (const auto* no = std::get_if<core::refuse>(&way)) {
            if (head.has_body()) keep_ = then::close;
            co_await send_refusal(no->kind, no->status, no->why);
        } else if (const auto* foreign = std::get_if<core::not_configured>(&way)) {
            if (head.has_body()) keep_ = then::close;
            co_await send_refusal(core::fault_kind::not_allowed, foreign->status, foreign->why);
        } else {
            co_await answer_site(head, way);
        }
    }

    awaitable<void> answer_archive(const core::request_head& head, const routing& routes,
                                   const core::archive_file& file) {
        if (file.path.empty()) {
            co_await send_error(404, "this is the root of archive '" + routes.archives[file.archive]->name() +
                                         "'; there are no listings");
            co_return;
        }
        const auto from = routes.archives[file.archive];
        const auto give_up = steady_clock::now() + patience;
        // Each step may make the next one possible; a handful is the most there can be.
        auto suite_was = archive::asked::not_yet;
        for (int turn = 0; turn < 64; ++turn) {
            resolved_at_ = loop_->host.generation();
            auto what = from->resolve(file.path, suite_was);
            if (auto* serve = std::get_if<serve_object>(&what)) {
                const bool sent = co_await answer_object(head, file.path, *serve);
                if (sent) co_return;
                continue;
            }
            if (auto* fetch = std::get_if<fetch_object>(&what)) {
                co_await answer_fetch(head, file.path, *fetch);
                co_return;
            }
            if (auto* no = std::get_if<error>(&what)) {
                co_await send_failure(*no);
                co_return;
            }
            prefetch_queued(head.size);
            if (std::holds_alternative<ask_suite>(what)) suite_was = archive::asked::already;
            const auto moved = co_await bring(from, what, give_up);
            // Another suite's trouble is no answer to a path of the pool: resolving again says what is.
            const bool others = std::holds_alternative<ask_suite>(what) && !file.path.starts_with("dists/");
            if (!moved && (!others || moved.error().code() == errc::timeout)) {
                co_await send_failure(moved.error());
                co_return;
            }
            prefetched_ = 0;  // what could not be resolved before may be now
        }
        co_await send_error(503, "this path could not be resolved");
    }

    /// Waits for what must be known before a path can be resolved.
    awaitable<result<void>> bring(std::shared_ptr<archive> archive, const resolution& what, steady_point give_up) {
        deadline = give_up + limits().send_timeout;
        result<void> moved;
        if (const auto* suite = std::get_if<ask_suite>(&what)) {
            const auto until = std::min(give_up, steady_point{steady_clock::now() + refresh_patience});
            moved = co_await archive->refresh(suite->suite, archive::urgency::if_due, until);
        } else if (const auto* pair = std::get_if<ask_companions>(&what)) {
            moved = co_await archive->companions(pair->suite, give_up);
        } else if (const auto* wide = std::get_if<ask_by_sha512>(&what)) {
            moved = co_await archive->name_by_sha512(*wide, give_up);
        } else if (const auto* indices = std::get_if<learn_indices>(&what)) {
            const auto learnt = co_await archive->learn(indices->indices, give_up);
            // Those that cannot be had are remembered as such: resolving again says what that means.
            if (!learnt && learnt.error().code() == errc::timeout) moved = learnt.error();
        }
        deadline = steady_clock::now() + limits().send_timeout;
        co_return moved;
    }

    /// Starts the fetches of the requests that are queued behind this one.
    void prefetch_queued(std::size_t from) {
        // Behind a body, or where no further request will be answered, those are no requests.
        if (head_.has_body() || keep_ == then::close) return;
        auto at = std::max(begin_ + from, prefetched_);
        unsigned ahead = 0;
        auto& hub = loop_->host.parts().hub;
        const auto routes = loop_->current_routes();
        while (at < end_) {
            core::request_head head;
            core::parse_fault why;
            if (core::parse_head({buffer_.data() + at, end_ - at}, head, why) != core::head_state::complete ||
                head.has_body())
                break;
            at += head.size;
            auto way = routes->router(head);
            const auto* file = std::get_if<core::archive_file>(&way);
            if (file == nullptr || file->path.empty()) continue;
            auto what = routes->archives[file->archive]->resolve(file->path);
            if (const auto* fetch = std::get_if<fetch_object>(&what);
                fetch && ++ahead <= most_ahead && hub.active() < most_downloads)
                hub.get(fetch->order);
        }
        prefetched_ = at;
    }

    // ---- files

    /// False: the object turned out to be damaged or gone; resolve again.
    awaitable<bool> answer_object(const core::request_head& head, const std::string& path, const serve_object& serve) {
        const auto type = core::content_type_of(path);
        const auto keep = serve.immutable ? core::lifetime_of(path) : core::lifetime::revalidate;
        auto opened = loop_->files.get(serve.content, serve.info);
        if (!opened) {
            if (opened.error().code() == errc::digest_mismatch || opened.error().code() == errc::absent)
                co_return false;
            co_await send_failure(opened.error());
            co_return true;
        }
        const served_file_ptr file = *opened;
        loop_->host.store().known().used(serve.content, loop_->host.clock().now());
        if (!file->in_memory && !head_only_) {
            if (const auto check = loop_->host.check_first(serve.content, serve.info.size)) {
                counts_.hits.add();
                co_await answer_flight(head, path, check, keep, "hit");
                co_return true;
            }
        }
        counts_.hits.add();
        // What a HEAD was asked for has not been looked through yet.
        if (!serve.age && (file->in_memory || !head_only_)) remember(head, file, type, keep);
        co_await answer_file(head, file, type, keep, serve.age, "hit");
        co_return true;
    }

    awaitable<void> answer_file(const core::request_head& head, served_file_ptr file, std::string_view type,
                                core::lifetime keep, std::optional<seconds> age, std::string_view cache) {
        core::file_head h;
        h.what = core::decide(head, file->size, file->modified, file->etag);
        h.size = file->size;
        h.modified = file->modified;
        h.etag = file->etag;
        h.content_type = type;
        h.keep = keep;
        h.age = age;
        h.cache = cache;
        const auto age_text = age ? std::to_string(age->count()) : std::string{};
        out_.clear();
        core::append_file_head(out_, h, context());
        if (age) insert_field("X-Larder-Age", age_text);
        count_status(h.what.status);
        co_await send_file(file, h.what);
    }

    /// Puts a field before the empty line of the head in `out_`.
    void insert_field(std::string_view name, std::string_view value) {
        out_.resize(out_.size() - 2);
        ((out_ += name) += ": ") += value;
        out_ += "\r\n\r\n";
    }

    void count_status(int status) {
        status_ = status;
        if (status == 304) counts_.not_modified.add();
    }

    /// `out_` holds the head.
    awaitable<void> send_file(served_file_ptr file, core::answer what) {
        const auto length = head_only_ ? 0 : what.length;
        if (file->in_memory || length == 0) {
            const auto body = std::string_view{file->memory}.substr(length == 0 ? 0 : what.offset, length);
            // One small send beats two: the copy is cheaper than the call.
            out_ += body;
            const auto failed = co_await transport_.write(out_);
            broken_ = broken_ || failed;
            counts_.bytes_sent.add(body.size());
            counts_.bytes_from_store.add(body.size());
            co_return;
        }
        std::uint64_t sent = 0;
        deadline = steady_clock::now() + limits().send_timeout;
        send_watch watch{transport_.socket(), deadline, limits().send_timeout};
        sending_ = &watch;
        const auto failed = co_await transport_.send_file(out_, file->fd.get(), what.offset, length, sent, watch);
        sending_ = nullptr;
        broken_ = broken_ || failed;
        counts_.bytes_sent.add(sent);
        counts_.bytes_from_store.add(sent);
    }

    awaitable<void> answer_fetch(const core::request_head& head, const std::string& path, const fetch_object& fetch) {
        if (loop_->host.parts().hub.active() >= most_downloads && !loop_->host.parts().hub.find(fetch.order.content)) {
            co_await send_error(503, "this server is fetching as many files as it can; try again");
            co_return;
        }
        bool started = false;
        const auto coming = loop_->host.parts().hub.get(fetch.order, &started);
        (started ? counts_.misses : counts_.joins).add();
        prefetch_queued(head.size);
        const auto keep = fetch.immutable ? core::lifetime_of(path) : core::lifetime::revalidate;
        co_await answer_flight(head, path, coming, keep, started ? "miss" : "joined");
    }

    /// Sends what a flight brings, as it comes.
    awaitable<void> answer_flight(const core::request_head& head, const std::string& path,
                                  std::shared_ptr<flight> coming, core::lifetime keep, std::string_view cache) {
        from_store_ = cache == "hit";
        deadline = steady_point::max();
        const auto state = co_await first_bytes(coming);
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
        h.what = core::decide(head, *state->size, *state->modified, etag);
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

    /// Waits until there is something to send; requests that arrive meanwhile have their fetches
    /// started. Nothing: no byte in time, or the client has left.
    awaitable<std::optional<flight::state>> first_bytes(std::shared_ptr<flight> coming) {
        const auto give_up = steady_clock::now() + patience;
        for (;;) {
            const auto w = std::make_shared<waiter>(transport_.socket().get_executor());
            auto state = coming->enter(w, 0);
            const bool usable =
                state.size && state.modified && (state.readable > 0 || state.now == flight::state::phase::verified);
            if (usable || state.now == flight::state::phase::failed) co_return state;
            const bool listening = listen_while_waiting(w);
            const bool woken = co_await waiter::until(w, give_up);
            if (listening) {
                error_code ignored;
                transport_.socket().cancel(ignored);
            }
            if (!woken || expired_) co_return std::nullopt;
            if (listening && !read_queued()) {
                broken_ = true;
                co_return std::nullopt;
            }
        }
    }

    /// Lets `w` wake when the client sends more, where there is room for it.
    bool listen_while_waiting(const std::shared_ptr<waiter>& w) {
        if constexpr (Transport::encrypted) {
            return false;
        } else {
            if (finished_ || keep_ == then::close || end_ - begin_ >= limits().max_request_head) return false;
            transport_.socket().async_wait(stream_socket::wait_read, [w](error_code ec) {
                if (ec != asio::error::operation_aborted) waiter::wake(w);
            });
            return true;
        }
    }

    /// Takes what has arrived behind the current request. False: the client has closed.
    bool read_queued() {
        if (end_ == buffer_.size()) {
            // The current head's views point into the buffer: read it again where it is now.
            buffer_.resize(buffer_.size() * 2);
            core::parse_fault why;
            std::size_t searched = 0;
            core::parse_head(waiting(), head_, why, searched, limits().max_request_head);
        }
        const auto got = transport_.read_now(buffer_.data() + end_, buffer_.size() - end_);
        if (got.failed == asio::error::would_block || got.failed == asio::error::try_again) return true;
        if (got.failed == asio::error::eof) {
            // No further requests; what was asked for may still be wanted.
            finished_ = true;
            keep_ = then::close;
            return true;
        }
        if (got.failed) return false;
        end_ += got.n;
        prefetch_queued(head_.size);
        return true;
    }

    awaitable<void> send_flight(std::shared_ptr<flight> coming, core::answer what) {
        std::uint64_t at = what.offset;
        const auto length = head_only_ ? 0 : what.length;
        const auto stop = what.offset + length;
        if (length == 0) {
            const auto failed = co_await transport_.write(out_);
            broken_ = broken_ || failed;
            co_return;
        }
        std::string_view first = out_;
        send_watch watch{transport_.socket(), deadline, limits().send_timeout};
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
            const auto failed = co_await transport_.send_file(first, coming->fd(), at, part, sent, watch);
            sending_ = nullptr;
            first = {};
            at += sent;
            if (failed) {
                broken_ = true;
                break;
            }
        }
        counts_.bytes_sent.add(at - what.offset);
        if (from_store_) counts_.bytes_from_store.add(at - what.offset);
    }

    // ---- everything else

    awaitable<void> answer_connect(const core::request_head& head, const core::connect& to) {
        keep_ = then::close;
        if constexpr (Transport::encrypted) {
            co_await send_error(405, "CONNECT is not offered inside TLS");
        } else {
            const auto rest = waiting().substr(head.size);
            const std::string early{rest};
            auto opened = co_await open_tunnel(loop_->host, to.host, to.port);
            if (!opened) {
                co_await send_failure(opened.error());
                co_return;
            }
            counts_.tunnels.add();
            deadline = steady_point::max();
            co_await run_tunnel(transport_.socket(), std::move(*opened), early, limits().idle_timeout);
            broken_ = true;
        }
    }

    awaitable<void> answer_site(const core::request_head& head, const core::route& way) {
        site_request request;
        request.verb = head.verb;
        request.host = head.host;
        request.user_agent = head.user_agent;
        request.accept = head.accept;
        request.content_type = head.content_type;
        request.secure = Transport::encrypted;
        request.who = role_of(head);
        const bool is_api = std::holds_alternative<core::api_call>(way);
        if (const auto* api = std::get_if<core::api_call>(&way)) {
            request.path = api->path;
            request.query = api->query;
        } else if (const auto* page = std::get_if<core::page>(&way)) {
            request.path = page->path;
            request.query = page->query;
        }
        if (head.has_body()) {
            const bool whole = co_await read_body(head, request.body);
            if (!whole) co_return;
        }
        site_reply reply;
        if (is_api)
            reply = answer_api(loop_->host, request);
        else if (std::holds_alternative<core::page>(way))
            reply = answer_page(loop_->host, request);
        else if (std::holds_alternative<core::metrics>(way))
            reply = answer_metrics(loop_->host);
        else if (std::holds_alternative<core::healthz>(way))
            reply.body = "ok\n";
        else {
            reply.status = 404;
            reply.body = "not served here\n";
        }
        co_await send_reply(reply);
    }

    role role_of(const core::request_head& head) {
        if (peer_ == peer_kind::admin) return role::admin;
        const auto token = core::parse_bearer(head.authorization);
        return token ? role_of_token(loop_->routes->options.tokens, *token) : role::none;
    }

    /// Reads a body of known length behind the head; answers and closes when there is none or too much.
    awaitable<bool> read_body(const core::request_head& head, std::string& body) {
        if (head.chunked || !head.content_length || *head.content_length > limits().max_request_body) {
            keep_ = then::close;
            if (head.chunked)
                co_await send_error(411, "a body needs a Content-Length here");
            else
                co_await send_error(413, "the body is larger than this server takes");
            co_return false;
        }
        if (head.expect_continue) {
            const auto failed = co_await transport_.write("HTTP/1.1 100 Continue\r\n\r\n");
            if (failed) broken_ = true;
        }
        const auto size = *head.content_length;
        body = waiting().substr(head.size, size);
        begin_ += head.size + body.size();
        body_taken_ = true;
        deadline = steady_clock::now() + limits().header_timeout;
        while (body.size() < size && !broken_) {
            std::string piece(std::min<std::uint64_t>(size - body.size(), 65536), '\0');
            const auto got = co_await transport_.read_some(piece.data(), piece.size());
            if (got.failed || got.n == 0 || expired_)
                broken_ = true;
            else
                body.append(piece, 0, got.n);
        }
        deadline = steady_clock::now() + limits().send_timeout;
        co_return !broken_;
    }

    awaitable<void> send_reply(const site_reply& reply) {
        out_.clear();
        status_ = reply.status;
        core::head_writer head{out_, reply.status, context()};
        head.field("Content-Type", reply.content_type);
        head.field("Content-Length", reply.body.size());
        head.field("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : reply.fields) head.field(name, value);
        head.end();
        if (!head_only_) out_ += reply.body;
        const auto failed = co_await transport_.write(out_);
        broken_ = broken_ || failed;
    }

    awaitable<void> send_error(int status, std::string reason) {
        status_ = status;
        if (status == 404) counts_.not_found.add();
        if (status >= 500) counts_.failures.add();
        out_.clear();
        core::append_error(out_, status, reason, context(), head_only_ ? core::body::leave_out : core::body::send);
        const auto failed = co_await transport_.write(out_);
        broken_ = broken_ || failed;
    }

    awaitable<void> send_refusal(core::fault_kind kind, int status, std::string_view reason) {
        counts_.refused.add();
        counts_.faults[static_cast<std::size_t>(kind)].add();
        if (status == 400 || status == 431 || status == 501 || status == 505) keep_ = then::close;
        const std::string text{reason};
        co_await send_error(status, text);
    }

    awaitable<void> send_failure(const error& why) {
        const auto status = core::http_status(why.code(), core::origin::upstream);
        co_await send_error(status, why.detail());
    }

    /// A file of dists/ that its Release lists and no mirror has is absent: apt then tries the next
    /// form of it. A package that the index promises and no mirror has is a broken upstream.
    awaitable<void> send_fetch_failure(const std::string& path, const error& why) {
        const bool package = why.code() == errc::absent && path.find("pool/") != std::string::npos;
        const auto status = package ? 502 : core::http_status(why.code(), core::origin::upstream);
        co_await send_error(status, why.detail());
    }

    std::shared_ptr<loop_context> loop_;
    Transport transport_;
    const peer_kind peer_;
    metrics& counts_;
    std::string buffer_;
    std::size_t begin_ = 0, end_ = 0;  ///< of what is in the buffer and not yet served
    std::size_t prefetched_ = 0;       ///< up to here queued requests have their fetches started
    core::request_head head_;          ///< of the current request; its views point into the buffer
    std::string out_, key_;
    std::uint64_t resolved_at_ = 0;
    int minor_ = 1, status_ = 0;
    then keep_ = then::keep;
    bool head_only_ = false, broken_ = false, idle_ = true, expired_ = false, winding_down_ = false;
    send_watch* sending_ = nullptr;  ///< while a file is on its way out
    bool body_taken_ = false, finished_ = false, from_store_ = false;
};

}  // namespace

void loop_context::follow_removals() {
    const auto now = host.removals();
    if (now == removals_) return;
    removals_ = now;
    answers.clear();
    files.let_go();
}

const std::string& loop_context::date() {
    const auto now = host.clock().now();
    if (now != date_of_ || date_.empty()) {
        date_of_ = now;
        date_.clear();
        core::append_http_date(date_, now);
    }
    return date_;
}

const std::shared_ptr<const routing>& loop_context::current_routes() {
    const auto now = host.generation();
    if (now != routes_generation) {
        routes = host.routes();
        routes_generation = now;
    }
    return routes;
}

awaitable<void> serve_plain(std::shared_ptr<loop_context> loop, stream_socket socket, peer_kind peer) {
    plain_transport transport{std::move(socket)};
    session<plain_transport> s{std::move(loop), std::move(transport), peer};
    co_await s.run();
}

awaitable<void> serve_tls(std::shared_ptr<loop_context> loop, stream_socket socket,
                          std::shared_ptr<asio::ssl::context> tls) {
    tls_transport transport{std::move(socket), *tls};
    session<tls_transport> s{std::move(loop), std::move(transport), peer_kind::network};
    co_await s.run();
}

}  // namespace larder::net
