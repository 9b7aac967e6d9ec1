#include "connection/tls_transport.hpp"
#include <boost/asio/ssl/error.hpp>
#include <larder/net/waiting.hpp>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

namespace larder::net {
namespace {

/// What is read of a file at a time: four records of the largest size.
constexpr std::size_t tls_piece = 64 * 1024;

/// After so many reads that had not to wait, others on the loop have their turn.
constexpr unsigned most_at_once_reads = 32;

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

tls_transport::tls_transport(stream_socket socket, std::shared_ptr<asio::ssl::context> context)
    : context_{std::move(context)}, socket_{std::move(socket)}, session_{SSL_new(context_->native_handle())} {
    if (!session_ || SSL_set_fd(session_.get(), socket_.native_handle()) != 1) throw std::bad_alloc{};
    socket_.native_non_blocking(true);
    // Buffers only while they are in use: an idle connection is worth some 35 KiB less.
    SSL_set_mode(session_.get(),
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // One record a call: else a client that sends nothing but requests for new keys, of which there is no end, would
    // have the loop for itself.
    SSL_clear_mode(session_.get(), SSL_MODE_AUTO_RETRY);
    // An end without a close_notify: every request and answer has an exact length, so it cuts nothing off unseen. As
    // an error it would end the sending, too.
    SSL_set_options(session_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_set_accept_state(session_.get());
}

bool tls_transport::holds_more() const noexcept { return !over_ && SSL_pending(session_.get()) > 0; }

tls_transport::step tls_transport::judge(int returned) {
    const int err = errno;
    const int kind = SSL_get_error(session_.get(), returned);
    switch (kind) {
        case SSL_ERROR_NONE: return {next::done, {}};
        case SSL_ERROR_WANT_READ: return {next::wait_to_read, {}};
        case SSL_ERROR_WANT_WRITE: return {next::wait_to_write, {}};
        case SSL_ERROR_ZERO_RETURN: return {next::over, asio::error::eof};
        default: break;
    }
    over_ = true;
    const auto queued = ERR_get_error();
    if (kind == SSL_ERROR_SYSCALL && err != 0) return {next::over, {err, boost::system::system_category()}};
    if (queued == 0) return {next::over, asio::error::eof};
    return {next::over, {static_cast<int>(queued), asio::error::get_ssl_category()}};
}

awaitable<error_code> tls_transport::wait(next what) {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    const auto way = what == next::wait_to_read ? stream_socket::wait_read : stream_socket::wait_write;
    co_await socket_.async_wait(way, token);
    co_return ec;
}

awaitable<error_code> tls_transport::handshake() {
    for (;;) {
        ERR_clear_error();
        const auto [then, why] = judge(SSL_do_handshake(session_.get()));
        if (then == next::done || then == next::over) co_return why;
        const auto failed = co_await wait(then);
        if (failed) co_return failed;
    }
}

tls_transport::step tls_transport::read_step(char* into, std::size_t size, std::size_t& n) {
    n = 0;
    if (over_ || size == 0) return {next::over, asio::error::eof};
    ERR_clear_error();
    return judge(SSL_read_ex(session_.get(), into, size, &n));
}

awaitable<io_result> tls_transport::read_some(char* into, std::size_t size) {
    for (;;) {
        std::size_t n = 0;
        const auto [then, why] = read_step(into, size, n);
        if (then == next::over) co_return io_result(why, n);
        if (then == next::done) {
            if (++at_once_ < most_at_once_reads) co_return io_result(why, n);
            at_once_ = 0;
            co_await asio::post(asio::use_awaitable);
            co_return io_result(why, n);
        }
        at_once_ = 0;
        const auto failed = co_await wait(then);
        if (failed) co_return io_result(failed, 0);
    }
}

io_result tls_transport::read_now(char* into, std::size_t size) {
    std::size_t n = 0;
    const auto [then, why] = read_step(into, size, n);
    switch (then) {
        case next::done:
        case next::over: return {why, n};
        case next::wait_to_read: return {asio::error::would_block, 0};
        // New keys that the client asked for could not be sent yet. To try again as soon as the socket can be read
        // would be to try without a pause: what is queued is read when its turn comes.
        case next::wait_to_write: break;
    }
    return {asio::error::connection_aborted, 0};
}

awaitable<error_code> tls_transport::write_all(std::string_view bytes, send_watch* watch) {
    while (!bytes.empty()) {
        if (over_) co_return asio::error::broken_pipe;
        std::size_t n = 0;
        ERR_clear_error();
        const auto [then, why] = judge(SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &n));
        if (then == next::over) co_return why ? why : error_code{asio::error::broken_pipe};
        bytes.remove_prefix(n);
        if (then == next::done) {
            if (watch != nullptr) watch->went();
            continue;
        }
        if (watch != nullptr) watch->waits();
        const auto failed = co_await wait(then);
        if (failed) co_return failed;
    }
    co_return error_code{};
}

awaitable<error_code> tls_transport::write(std::string_view bytes) { return write_all(bytes, nullptr); }

/// One record for all of it: write() makes that.
void tls_transport::write_now(std::span<const std::string_view> parts, std::string& rest) {
    for (const auto part : parts) rest += part;
}

awaitable<error_code> tls_transport::send_file(std::string_view head, int fd, std::uint64_t offset,
                                               std::uint64_t length, std::uint64_t& sent, send_watch& watch) {
    std::string piece(head);  // goes in one record with the start of the file
    auto room = most_at_once;
    do {
        const auto before = piece.size();
        piece.resize(before + std::min<std::uint64_t>(length, tls_piece));
        const auto n = ::pread(fd, piece.data() + before, piece.size() - before, static_cast<off_t>(offset));
        if (n < 0) co_return last_error();
        if (n == 0 && length > 0) co_return asio::error::eof;  // the file is shorter than it was said to be
        const auto size = static_cast<std::size_t>(n);
        piece.resize(before + size);
        const auto failed = co_await write_all(piece, &watch);
        if (failed) co_return failed;
        piece.clear();
        offset += size;
        length -= size;
        sent += size;
        room -= std::min<std::uint64_t>(room, size);
        if (room > 0) continue;
        co_await asio::post(asio::use_awaitable);
        room = most_at_once;
    } while (length > 0);
    co_return error_code{};
}

awaitable<void> tls_transport::end_sending() {
    // The close_notify. 0 and 1 are both that it is out: the client's own is not waited for.
    while (!over_ && SSL_is_init_finished(session_.get()) == 1) {
        ERR_clear_error();
        const auto returned = SSL_shutdown(session_.get());
        if (returned >= 0 || judge(returned).then != next::wait_to_write) break;
        const auto failed = co_await wait(next::wait_to_write);
        if (failed) break;
    }
    error_code ignored;
    socket_.shutdown(stream_socket::shutdown_send, ignored);
}

void tls_transport::close() noexcept {
    error_code ignored;
    socket_.shutdown(stream_socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace larder::net
