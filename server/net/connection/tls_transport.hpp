#pragma once

#include "connection/transport.hpp"
#include <boost/asio/ssl/context.hpp>
#include <memory>

namespace larder::net {

/// With TLS: files are read and encrypted here. OpenSSL works straight on the socket, which it is only let at when
/// it cannot block; so a read that does not wait, and reading while something is sent, are there as without TLS.
///
/// SSL_read(3), SSL_write(3): what could not be written at once is offered again, whole, before anything else is;
/// reading in between is allowed. One thing is not: a client that asks for new keys twice while a record waits for
/// room ends its connection (OpenSSL then wants to answer the first before the record is out).
class tls_transport final : public transport {
public:
    /// Throws std::bad_alloc when OpenSSL has no memory for it.
    tls_transport(stream_socket socket, std::shared_ptr<asio::ssl::context> context);

    stream_socket& socket() noexcept override { return socket_; }
    bool encrypted() const noexcept override { return true; }
    bool holds_more() const noexcept override;
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
    struct free_session {
        void operator()(SSL* session) const noexcept { SSL_free(session); }
    };
    /// What a call of OpenSSL came to.
    enum class next { done, wait_to_read, wait_to_write, over };
    struct step {
        next then;
        error_code why;  ///< when it is over
    };

    step judge(int returned);
    step read_step(char* into, std::size_t size, std::size_t& n);
    awaitable<error_code> wait(next what);
    awaitable<error_code> write_all(std::string_view bytes, send_watch* watch);

    std::shared_ptr<asio::ssl::context> context_;  ///< a reload replaces the server's
    stream_socket socket_;
    std::unique_ptr<SSL, free_session> session_;
    bool over_ = false;     ///< OpenSSL is not to be asked any more
    unsigned at_once_ = 0;  ///< reads in a row that had not to wait
};

}  // namespace larder::net
