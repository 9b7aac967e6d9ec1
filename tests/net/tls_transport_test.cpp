#include "connection/tls_transport.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

// What a client may send that is no request, and others on the same loop.

using namespace larder::net;

namespace {

std::shared_ptr<asio::ssl::context> self_signed() {
    auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
    REQUIRE(SSL_CTX_use_certificate(made->native_handle(), certificate) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(made->native_handle(), key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

/// A client that has shaken hands, and what it sends then, put together before any of it is sent.
class client {
public:
    explicit client(int fd) : fd_{fd} {
        SSL_set_fd(session_, fd);
        SSL_set_connect_state(session_);
    }
    ~client() {
        SSL_free(session_);
        SSL_CTX_free(context_);
        ::close(fd_);
    }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    bool shake_hands() { return SSL_do_handshake(session_) == 1; }
    void collect() { SSL_set0_wbio(session_, BIO_new(BIO_s_mem())); }
    void new_keys() {
        REQUIRE(SSL_key_update(session_, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
        REQUIRE(SSL_do_handshake(session_) == 1);
    }
    void say(std::string_view text) { REQUIRE(SSL_write(session_, text.data(), static_cast<int>(text.size())) > 0); }
    /// In another thread: the socket does not hold all of it.
    std::thread send() {
        char* bytes = nullptr;
        const auto size = BIO_get_mem_data(SSL_get_wbio(session_), &bytes);
        return std::thread{[fd = fd_, all = std::string(bytes, static_cast<std::size_t>(size))] {
            for (std::size_t at = 0; at < all.size();) {
                const auto n = ::send(fd, all.data() + at, all.size() - at, MSG_NOSIGNAL);
                if (n <= 0) return;
                at += static_cast<std::size_t>(n);
            }
        }};
    }

private:
    SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
    SSL* session_ = SSL_new(context_);
    const int fd_;
};

struct ground {
    asio::io_context io{1};
    std::unique_ptr<tls_transport> server;
    std::unique_ptr<client> other;

    ground() {
        int both[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
        stream_socket mine{io};
        mine.assign(asio::generic::stream_protocol{AF_UNIX, 0}, both[0]);
        server = std::make_unique<tls_transport>(std::move(mine), self_signed());
        other = std::make_unique<client>(both[1]);
        bool shaken = false;
        std::thread theirs{[&] { shaken = other->shake_hands(); }};
        error_code failed;
        asio::co_spawn(io, shake(*server, failed), asio::detached);
        io.run();
        io.restart();
        theirs.join();
        REQUIRE_FALSE(failed);
        REQUIRE(shaken);
        other->collect();
    }

    static awaitable<void> shake(tls_transport& with, error_code& failed) { failed = co_await with.handshake(); }
    static awaitable<void> read(tls_transport& from, std::size_t wanted, std::string& got, bool& done) {
        std::string piece(4096, '\0');
        while (got.size() < wanted) {
            const auto some = co_await from.read_some(piece.data(), piece.size());
            if (some.failed) break;
            got.append(piece, 0, some.n);
        }
        done = true;
    }

    /// How many turns others on the loop had while this much was read.
    std::size_t turns_while_reading(std::size_t wanted, std::string& got) {
        bool done = false;
        std::size_t turns = 0;
        asio::co_spawn(io, read(*server, wanted, got, done), asio::detached);
        std::function<void()> turn = [&] {
            ++turns;
            if (!done) asio::post(io, turn);
        };
        asio::post(io, turn);
        io.run();
        return turns;
    }
};

awaitable<void> send(transport& over, int file, std::uint64_t& sent, send_watch& watch, error_code& failed) {
    failed = co_await over.send_file("head", file, 0, 10, sent, watch);
}

}  // namespace

TEST_CASE("tls: a client that sends nothing but new keys leaves their turns to the others on its loop", "[tls]") {
    ground g;
    constexpr std::size_t count = 2000;
    for (std::size_t i = 0; i < count; ++i) g.other->new_keys();
    g.other->say("hello");
    auto sending = g.other->send();
    std::string got;
    CHECK(g.turns_while_reading(5, got) > count / 4);
    CHECK(got == "hello");
    sending.join();
}

TEST_CASE("tls: a client that always has more to say leaves their turns to the others on its loop", "[tls]") {
    ground g;
    constexpr std::size_t count = 3200;
    for (std::size_t i = 0; i < count; ++i) g.other->say("x");
    auto sending = g.other->send();
    std::string got;
    CHECK(g.turns_while_reading(count, got) >= count / 32);
    CHECK(got == std::string(count, 'x'));
    sending.join();
}

TEST_CASE("transport: what goes out moves the deadline on, though nothing had to be waited for", "[tls]") {
    ground g;
    asio::io_context io{1};
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
    stream_socket mine{io};
    mine.assign(asio::generic::stream_protocol{AF_UNIX, 0}, both[0]);
    plain_transport plain{std::move(mine)};
    const int file = ::memfd_create("body", MFD_CLOEXEC);
    REQUIRE(::write(file, "0123456789", 10) == 10);
    const auto sent_by = [&](transport& over, asio::io_context& loop) {
        steady_point deadline{};
        send_watch watch{over.socket(), deadline, std::chrono::hours{1}};
        bool waited = false;
        watch.waiting = [&] { waited = true; };
        std::uint64_t sent = 0;
        error_code failed;
        asio::co_spawn(loop, send(over, file, sent, watch, failed), asio::detached);
        loop.restart();
        loop.run();
        CHECK_FALSE(failed);
        CHECK_FALSE(waited);
        CHECK(sent == 10);
        return deadline > std::chrono::steady_clock::now() + std::chrono::minutes{50};
    };
    CHECK(sent_by(plain, io));
    CHECK(sent_by(*g.server, g.io));
    ::close(file);
    ::close(both[1]);
}

TEST_CASE("waiting: those who have left take no room in the list", "[waiting]") {
    asio::io_context io{1};
    wait_list list;
    const auto stays = std::make_shared<waiter>(io.get_executor());
    list.add(stays);
    for (int i = 0; i < 10'000; ++i) list.add(std::make_shared<waiter>(io.get_executor()));
    CHECK(list.size() < 100);
}
