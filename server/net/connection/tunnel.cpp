#include "connection/tunnel.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <larder/core/address.hpp>

namespace larder::net {
namespace {

using tcp = asio::ip::tcp;

core::ip_address to_address(const asio::ip::address& from) {
    core::ip_address ip;
    if (from.is_v4()) {
        const auto bytes = from.to_v4().to_bytes();
        std::copy(bytes.begin(), bytes.end(), ip.bytes.begin());
    } else {
        ip.family = core::ip_family::v6;
        const auto bytes = from.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), ip.bytes.begin());
    }
    return ip;
}

/// Both directions of a tunnel.
struct pipe_pair {
    pipe_pair(stream_socket& c, stream_socket u, std::chrono::milliseconds i, const bool& l)
        : client{c}, upstream{std::move(u)}, timer{client.get_executor()}, idle{i}, leaving{l} {}

    stream_socket& client;
    stream_socket upstream;
    asio::steady_timer timer;
    const std::chrono::milliseconds idle;
    const bool& leaving;  ///< the server stops
    steady_point moved = std::chrono::steady_clock::now();
    unsigned open_ways = 2;
    bool ended = false;

    void touch() { moved = std::chrono::steady_clock::now(); }
    /// One side has said all it has to say.
    void end_way() {
        if (--open_ways == 0) end();
    }
    void end() {
        ended = true;
        error_code ignored;
        timer.cancel();
        client.shutdown(stream_socket::shutdown_both, ignored);
        client.cancel(ignored);
        upstream.shutdown(stream_socket::shutdown_both, ignored);
        upstream.cancel(ignored);
    }
};

/// Copies one way until its side ends; what that side said before is still delivered, and the other side may
/// go on. What nobody takes any more is read and dropped: unread, it would make the kernel reset the
/// connection, and the answer on its way be lost.
awaitable<void> copy(std::shared_ptr<pipe_pair> both, bool to_upstream) {
    auto& from = to_upstream ? both->client : both->upstream;
    auto& to = to_upstream ? both->upstream : both->client;
    std::string piece(16384, '\0');
    bool wanted = true;
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    while (!both->ended) {
        const auto into = asio::buffer(piece);
        const auto n = co_await from.async_read_some(into, token);
        if (both->ended) co_return;
        if (ec) break;
        both->touch();
        if (!wanted) continue;
        const auto out = asio::buffer(piece.data(), n);
        co_await asio::async_write(to, out, token);
        if (both->ended) co_return;
        wanted = !ec;
    }
    if (ec == asio::error::eof) {
        error_code ignored;
        to.shutdown(stream_socket::shutdown_send, ignored);
        both->end_way();
    } else {
        both->end();
    }
}

/// Ends a tunnel in which nothing moves: after `idle`, or at once (a second) when the server stops.
awaitable<void> watch(std::shared_ptr<pipe_pair> both) {
    using namespace std::chrono_literals;
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    while (!both->ended) {
        const auto patience = both->leaving ? std::min<std::chrono::milliseconds>(both->idle, 1s) : both->idle;
        const auto until = both->moved + patience;
        const auto now = std::chrono::steady_clock::now();
        if (until <= now) co_return both->end();
        both->timer.expires_at(std::min(until, now + 500ms));
        co_await both->timer.async_wait(token);
    }
}

}  // namespace

awaitable<result<stream_socket>> open_tunnel(engine& e, std::string host, std::uint16_t port) {
    const auto loop = co_await asio::this_coro::executor;
    const auto routes = e.routes();
    const auto policy = core::address_policy::make(routes->options);
    if (!policy) co_return policy.error();
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    tcp::resolver resolver{loop};
    const auto service = std::to_string(port);
    const auto found = co_await resolver.async_resolve(host, service, token);
    if (ec) co_return error{errc::upstream_down, host + ": " + ec.message()};
    error last{errc::upstream_down, host + " has no address"};
    for (const auto& entry : found) {
        const auto address = entry.endpoint().address();
        if (!policy->allows(to_address(address))) {
            last = error{errc::refused,
                         host + " resolves to " + address.to_string() +
                             ", which is not public; name its range in upstream.private_networks if that is meant"};
            continue;
        }
        // The timer's handler may run after this is over, so it shares the socket.
        const auto socket = std::make_shared<tcp::socket>(loop);
        asio::steady_timer timer{loop, routes->options.upstream.connect_timeout};
        timer.async_wait([socket](error_code stopped) {
            error_code ignored;
            if (!stopped) socket->close(ignored);
        });
        const auto endpoint = entry.endpoint();
        co_await socket->async_connect(endpoint, token);
        timer.cancel();
        if (!ec && socket->is_open()) co_return stream_socket{std::move(*socket)};
        last = error{errc::upstream_down, host + " (" + address.to_string() + "): no connection"};
    }
    co_return last;
}

awaitable<void> run_tunnel(stream_socket& client, stream_socket upstream, std::string early,
                           std::chrono::milliseconds idle, const bool& leaving) {
    const auto loop = co_await asio::this_coro::executor;
    const auto both = std::make_shared<pipe_pair>(client, std::move(upstream), idle, leaving);
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    static constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";
    const auto head = asio::buffer(established);
    co_await asio::async_write(client, head, token);
    const auto first = asio::buffer(early);
    if (!ec) co_await asio::async_write(both->upstream, first, token);
    if (ec) co_return;
    auto watching = watch(both);
    asio::co_spawn(loop, std::move(watching), asio::detached);
    auto back = copy(both, false);
    const auto done = std::make_shared<outcome<bool>>();
    asio::co_spawn(loop, std::move(back), [done](std::exception_ptr) { done->set(true); });
    co_await copy(both, true);
    co_await outcome<bool>::get(done, no_deadline());
}

}  // namespace larder::net
