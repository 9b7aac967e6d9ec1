#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <larder/net/waiting.hpp>
#include <span>
#include <string>
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

/// Bytes that the client's side has not acknowledged.
int unsent(stream_socket& to) noexcept;

/// Watches a body on its way to a client: the deadline moves on with all that goes out, and one that is reached is
/// none as long as the client takes bytes out of the kernel's queue, however slowly.
class send_watch {
public:
    send_watch(stream_socket& to, steady_point& deadline, std::chrono::milliseconds patience)
        : to_{to}, deadline_{deadline}, patience_{patience} {}

    /// Told before each wait for room.
    std::function<void()> waiting;

    /// Some bytes went: the client keeps up, so that it may never be waited for.
    void went() { deadline_ = about_now() + patience_; }
    /// Some bytes went, and there is no room for more.
    void waits();
    /// At the deadline: true when bytes left the queue since, and the deadline is a new one.
    bool still_moving();

private:
    void moved();

    stream_socket& to_;
    steady_point& deadline_;
    const std::chrono::milliseconds patience_;
    int queued_ = 0;
};

/// The bytes of one connection. Owns its socket; one thread. The calls that wait end with an error once the
/// socket is shut down and cancelled.
class transport {
public:
    virtual ~transport() = default;

    virtual stream_socket& socket() noexcept = 0;
    virtual bool encrypted() const noexcept = 0;
    /// Whether bytes of the client's have left the socket and not been read here: waiting for the socket would
    /// not tell of them.
    virtual bool holds_more() const noexcept = 0;
    /// What comes before the first byte of HTTP.
    virtual awaitable<error_code> handshake() = 0;
    virtual awaitable<io_result> read_some(char* into, std::size_t size) = 0;
    /// A read that never waits, also while something is sent: would_block when there is nothing.
    virtual io_result read_now(char* into, std::size_t size) = 0;
    virtual awaitable<error_code> write(std::string_view bytes) = 0;
    /// Hands over what can go at once, without waiting and without a copy; appends what is left of the parts to
    /// `rest`, for write(). An error that is none of the moment comes with that write.
    virtual void write_now(std::span<const std::string_view> parts, std::string& rest) = 0;
    /// Sends a part of a file behind a head; `sent` grows with what the kernel took of the file.
    virtual awaitable<error_code> send_file(std::string_view head, int fd, std::uint64_t offset, std::uint64_t length,
                                            std::uint64_t& sent, send_watch& watch) = 0;
    /// Says that no more comes; what the client still sends can be read.
    virtual awaitable<void> end_sending() = 0;
    virtual void close() noexcept = 0;
};

/// One call that hands a file to the kernel: as much as a socket's buffer is ever likely to take. A client that
/// takes it as fast as it comes leaves the loop to the others after so much.
constexpr std::uint64_t most_at_once = 4ULL << 20;

/// Of TCP without TLS, or of a UNIX socket: files leave by sendfile.
class plain_transport final : public transport {
public:
    explicit plain_transport(stream_socket socket) : socket_{std::move(socket)} { socket_.native_non_blocking(true); }

    stream_socket& socket() noexcept override { return socket_; }
    bool encrypted() const noexcept override { return false; }
    bool holds_more() const noexcept override { return false; }
    awaitable<error_code> handshake() override;
    awaitable<io_result> read_some(char* into, std::size_t size) override;
    io_result read_now(char* into, std::size_t size) override;
    awaitable<error_code> write(std::string_view bytes) override;
    void write_now(std::span<const std::string_view> parts, std::string& rest) override;
    awaitable<error_code> send_file(std::string_view head, int fd, std::uint64_t offset, std::uint64_t length,
                                    std::uint64_t& sent, send_watch& watch) override;
    awaitable<void> end_sending() override;
    void close() noexcept override;

private:
    awaitable<error_code> send_all(std::string_view bytes, int flags, send_watch* watch);

    stream_socket socket_;
};

}  // namespace larder::net
