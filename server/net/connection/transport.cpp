#include "connection/transport.hpp"
#include <algorithm>
#include <array>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace larder::net {
namespace {

/// Of one answer: head, date, body.
constexpr std::size_t most_parts = 4;

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

int unsent(stream_socket& to) noexcept {
    int bytes = 0;
    return ::ioctl(to.native_handle(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void send_watch::moved() {
    queued_ = unsent(to_);
    deadline_ = std::chrono::steady_clock::now() + patience_;
}

void send_watch::waits() {
    moved();
    if (waiting) waiting();
}

bool send_watch::still_moving() {
    const int before = queued_;
    moved();
    return queued_ < before;
}

awaitable<io_result> plain_transport::read_some(char* into, std::size_t size) {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    const auto buffer = asio::buffer(into, size);
    const auto n = co_await socket_.async_read_some(buffer, token);
    co_return io_result(ec, n);
}

io_result plain_transport::read_now(char* into, std::size_t size) {
    for (;;) {
        const auto n = ::recv(socket_.native_handle(), into, size, MSG_DONTWAIT);
        if (n > 0) return {error_code{}, static_cast<std::size_t>(n)};
        if (n == 0) return {asio::error::eof, 0};
        if (errno != EINTR) return {last_error(), 0};
    }
}

awaitable<error_code> plain_transport::handshake() { co_return error_code{}; }

awaitable<error_code> plain_transport::write(std::string_view bytes) { return send_all(bytes, 0, nullptr); }

void plain_transport::write_now(std::span<const std::string_view> parts, std::string& rest) {
    std::array<iovec, most_parts> pieces{};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = std::min(parts.size(), most_parts);
    for (std::size_t i = 0; i < message.msg_iovlen; ++i)
        pieces[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};  // NOLINT: sendmsg only reads
    const auto n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    auto taken = n > 0 ? static_cast<std::size_t>(n) : 0;
    for (const auto part : parts) {
        const auto of_this = std::min(taken, part.size());
        rest += part.substr(of_this);
        taken -= of_this;
    }
}

/// Straight to the kernel: through the loop a write that can be done at once would cost a look at all
/// other sockets.
awaitable<error_code> plain_transport::send_all(std::string_view bytes, int flags, send_watch* watch) {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    while (!bytes.empty()) {
        const auto n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            if (watch != nullptr) watch->waits();
            co_await socket_.async_wait(stream_socket::wait_write, token);
            if (ec) co_return ec;
        } else if (errno != EINTR) {
            co_return last_error();
        }
    }
    co_return error_code{};
}

awaitable<error_code> plain_transport::send_file(std::string_view head, int fd, std::uint64_t offset,
                                                 std::uint64_t length, std::uint64_t& sent, send_watch& watch) {
    const int to = socket_.native_handle();
    // MSG_MORE: the head leaves in one packet with the start of the file.
    const auto failed = co_await send_all(head, length > 0 ? MSG_MORE : 0, &watch);
    if (failed) co_return failed;
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    auto at = static_cast<off_t>(offset);
    while (length > 0) {
        const auto n = ::sendfile(to, fd, &at, std::min(length, most_at_once));
        if (n > 0) {
            length -= static_cast<std::uint64_t>(n);
            sent += static_cast<std::uint64_t>(n);
            watch.went();
            if (static_cast<std::uint64_t>(n) == most_at_once) co_await asio::post(asio::use_awaitable);
        } else if (n == 0) {
            co_return asio::error::eof;  // the file is shorter than it was said to be
        } else if (errno == EAGAIN) {
            watch.waits();
            co_await socket_.async_wait(stream_socket::wait_write, token);
            if (ec) co_return ec;
        } else if (errno != EINTR) {
            co_return last_error();
        }
    }
    co_return error_code{};
}

awaitable<void> plain_transport::end_sending() {
    error_code ignored;
    socket_.shutdown(stream_socket::shutdown_send, ignored);
    co_return;
}

void plain_transport::close() noexcept {
    error_code ignored;
    socket_.shutdown(stream_socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace larder::net
