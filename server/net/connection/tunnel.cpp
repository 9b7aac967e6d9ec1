#include "connection/tunnel.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
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

/// Both directions of a tunnel: each moves the deadline on, and either's end ends both.
struct pipe_pair {
    pipe_pair(stream_socket& c, stream_socket u, std::chrono::milliseconds i)
        : client{c}, upstream{std::move(u)}, timer{upstream.get_executor()}, idle{i} {}
    stream_socket& client;
    stream_socket upstream;
    asio::steady_timer timer;
    std::chrono::milliseconds idle;
    bool ended = false;

    void touch() { timer.expires_after(idle); }
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

awaitable<void> copy(std::shared_ptr<pipe_pair> both, bool to_upstream) {
    auto& from = to_upstream ? both->client : both->upstream;
    auto& to = to_upstream ? both->upstream : both->client;
    std::string piece(16384, '\0');
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    while (!both->ended) {
        const auto into = asio::buffer(piece);
        const auto n = co_await from.async_read_some(into, token);
        if (ec || both->ended) break;
        both->touch();
        const auto out = asio::buffer(piece.data(), n);
        co_await asio::async_write(to, out, token);
        if (ec) break;
    }
    both->end();
}

awaitable<void> watch(std::shared_ptr<pipe_pair> both) {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    while (!both->ended && both->timer.expiry() > std::chrono::steady_clock::now())
        co_await both->timer.async_wait(token);
    if (!both->ended) both->end();
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
                           std::chrono::milliseconds idle) {
    const auto loop = co_await asio::this_coro::executor;
    const auto both = std::make_shared<pipe_pair>(client, std::move(upstream), idle);
    both->touch();
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
