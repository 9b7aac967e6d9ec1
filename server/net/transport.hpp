#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <larder/net/waiting.hpp>
#include <string_view>

namespace larder::net {

using stream_socket = asio::generic::stream_protocol::socket;
using boost::system::error_code;

/// The outcome of a read or write: how many bytes, and why no more.
struct io_result {
    io_result(error_code e, std::size_t count) : failed{e}, n{count} {}
    error_code failed;
    std::size_t n = 0;
};

/// Watches a body on its way to a client: the deadline moves on with every step, and one that is reached is
/// none as long as the client takes bytes out of the kernel's queue, however slowly.
class send_watch {
public:
    send_watch(stream_socket& to, steady_point& deadline, std::chrono::milliseconds patience)
        : to_{to}, deadline_{deadline}, patience_{patience} {}

    /// Some bytes went; called before a wait for room, so a client that keeps up costs nothing.
    void moved();
    /// At the deadline: true when bytes left the queue since, and the deadline is a new one.
    bool still_moving();

private:
    stream_socket& to_;
    steady_point& deadline_;
    const std::chrono::milliseconds patience_;
    int queued_ = 0;
};

/// A connection without TLS, of TCP or a UNIX socket: files leave by sendfile.
class plain_transport {
public:
    explicit plain_transport(stream_socket socket) : socket_{std::move(socket)} { socket_.native_non_blocking(true); }

    stream_socket& socket() noexcept { return socket_; }
    static constexpr bool encrypted = false;

    awaitable<io_result> read_some(char* into, std::size_t size);
    /// A read that never waits: would_block when there is nothing.
    io_result read_now(char* into, std::size_t size);
    awaitable<error_code> write(std::string_view head, std::string_view body = {});
    /// Sends a part of a file behind a head; `sent` grows with what the kernel took of the file.
    awaitable<error_code> send_file(std::string_view head, int fd, std::uint64_t offset, std::uint64_t length,
                                    std::uint64_t& sent, send_watch& watch);
    awaitable<error_code> handshake() { co_return error_code{}; }
    awaitable<void> close();

private:
    stream_socket socket_;
};

/// A connection with TLS: files are read and encrypted here.
class tls_transport {
public:
    tls_transport(stream_socket socket, asio::ssl::context& context) : stream_{std::move(socket), context} {}

    stream_socket& socket() noexcept { return stream_.next_layer(); }
    static constexpr bool encrypted = true;

    awaitable<io_result> read_some(char* into, std::size_t size);
    io_result read_now(char*, std::size_t) { return {asio::error::would_block, 0}; }
    awaitable<error_code> write(std::string_view head, std::string_view body = {});
    awaitable<error_code> send_file(std::string_view head, int fd, std::uint64_t offset, std::uint64_t length,
                                    std::uint64_t& sent, send_watch& watch);
    awaitable<error_code> handshake();
    awaitable<void> close();

private:
    asio::ssl::stream<stream_socket> stream_;
};

}  // namespace larder::net
