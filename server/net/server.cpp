#include "connection/serve.hpp"
#include "connection/tls_transport.hpp"
#include "descriptors.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <larder/net/server.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <thread>

namespace larder::net {
namespace {

using tcp = asio::ip::tcp;
using generic_acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
using namespace std::chrono;

enum class listener_kind { plain, tls, admin };

/// A listening socket; each loop has a copy of it (its own for TCP, a duplicate otherwise).
struct listening {
    listener_kind kind = listener_kind::plain;
    std::vector<unique_fd> fds;  ///< one a loop
    std::string shown;           ///< the address as people write it
    std::string path;            ///< of a UNIX socket that we made
};

error cannot(const std::string& what, const std::string& address, int err) {
    return {errc::bad_config, "cannot " + what + " " + address + ": " + std::string{::strerror(err)}};
}

/// "127.0.0.1:3142", "[::1]:3142", "*:3142"
result<std::vector<tcp::endpoint>> resolve_listen(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return error{errc::bad_config, "listen address '" + text + "' has no port"};
    auto host = text.substr(0, colon);
    const auto port_text = text.substr(colon + 1);
    if (port_text.empty() || port_text.size() > 5 || port_text.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(port_text) > 65535)
        return error{errc::bad_config, "listen address '" + text + "' has no port"};
    const auto port = static_cast<std::uint16_t>(std::stoi(port_text));
    if (host == "*") return std::vector<tcp::endpoint>{tcp::endpoint{asio::ip::address_v6::any(), port}};
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    if (!ec) return std::vector<tcp::endpoint>{{address, port}};
    if (host == "localhost") return std::vector<tcp::endpoint>{{asio::ip::address_v4::loopback(), port}};
    return error{errc::bad_config, "listen address '" + text + "' is no address"};
}

std::string show(const tcp::endpoint& e) {
    const auto address = e.address().to_string();
    return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

result<tcp::endpoint> bound_to(int fd) {
    tcp::endpoint e;
    auto size = static_cast<socklen_t>(e.capacity());
    if (::getsockname(fd, e.data(), &size) != 0) return errno_error(errno, "getsockname");
    e.resize(size);
    return e;
}

result<unique_fd> bind_one(const tcp::endpoint& to) {
    unique_fd fd{::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
    if (!fd) return cannot("open a socket for", show(to), errno);
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (to.address().is_v6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(fd.get(), to.data(), static_cast<socklen_t>(to.size())) != 0)
        return cannot("listen on", show(to), errno);
    return fd;
}

/// SO_REUSEPORT would let a second server of the same user share the address without a word: look
/// first whether it is free.
result<void> must_be_free(const tcp::endpoint& to) {
    if (to.port() == 0) return {};
    unique_fd fd{::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP)};
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!fd || ::bind(fd.get(), to.data(), static_cast<socklen_t>(to.size())) != 0)
        return cannot("listen on", show(to), errno);
    return {};
}

result<listening> listen_tcp(const tcp::endpoint& wanted, listener_kind kind, std::size_t loops) {
    LARDER_CHECK(must_be_free(wanted));
    listening made;
    made.kind = kind;
    auto to = wanted;
    for (std::size_t i = 0; i < loops; ++i) {
        LARDER_TRY(auto fd, bind_one(to));
        LARDER_TRY(to, bound_to(fd.get()));
        if (::listen(fd.get(), SOMAXCONN) != 0) return cannot("listen on", show(to), errno);
        made.fds.push_back(std::move(fd));
    }
    made.shown = show(to);
    return made;
}

result<listening> share(unique_fd fd, listener_kind kind, std::string shown, std::size_t loops) {
    listening made;
    made.kind = kind;
    made.shown = std::move(shown);
    for (std::size_t i = 1; i < loops && kind != listener_kind::admin; ++i) {
        made.fds.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
        if (!made.fds.back()) return errno_error(errno, "sharing a listening socket");
    }
    made.fds.push_back(std::move(fd));
    return made;
}

result<listening> listen_admin(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path)
        return error{errc::bad_config, "server.admin_socket: the path is too long: " + path};
    std::copy(path.begin(), path.end(), name.sun_path);
    if (const auto folder = std::filesystem::path{path}.parent_path(); !folder.empty())
        LARDER_CHECK(make_folders(folder.string()));
    unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return cannot("open a socket for", path, errno);
    // A socket that is there was left by a server that was killed.
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode))
            return error{errc::bad_config, "server.admin_socket: " + path + " is there, and is no socket"};
        // Of another store's server, perhaps: each needs a socket of its own.
        const unique_fd knock{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (::connect(knock.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0)
            return error{errc::bad_config, "server.admin_socket: another server answers on " + path};
        ::unlink(path.c_str());
    }
    const auto before = ::umask(0117);
    const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    const int err = errno;
    ::umask(before);
    if (bound != 0) return cannot("listen on", path, err);
    if (::listen(fd.get(), SOMAXCONN) != 0) return cannot("listen on", path, errno);
    LARDER_TRY(auto made, share(std::move(fd), listener_kind::admin, path, 1));
    made.path = path;
    return made;
}

result<std::shared_ptr<asio::ssl::context>> read_certificate(const core::server_options& options) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    error_code ec;
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION);
    context->use_certificate_chain_file(options.tls_certificate, ec);
    if (ec) return error{errc::bad_config, "server.tls_certificate " + options.tls_certificate + ": " + ec.message()};
    context->use_private_key_file(options.tls_key, asio::ssl::context::pem, ec);
    if (ec) return error{errc::bad_config, "server.tls_key " + options.tls_key + ": " + ec.message()};
    return context;
}

}  // namespace

struct server::impl {
    struct loop {
        asio::io_context io{1};
        std::atomic<bool> answered{true};  ///< the last question of answers()
        counter* open = nullptr;           ///< its connections
        asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
        std::shared_ptr<loop_context> context;
        std::vector<std::unique_ptr<generic_acceptor>> acceptors;
        std::thread thread;
    };

    explicit impl(engine& e) : host{e} {}

    engine& host;
    std::vector<listening> listeners;
    std::vector<std::unique_ptr<loop>> loops;
    std::mutex tls_mutex;
    std::shared_ptr<asio::ssl::context> tls;
    bool stopped = false;

    std::shared_ptr<asio::ssl::context> certificate() {
        const std::lock_guard lock{tls_mutex};
        return tls;
    }

    result<void> bind(std::size_t count);
    result<void> take_from_systemd(std::size_t count, bool& any);
    void run();
    awaitable<void> accept(loop& on, generic_acceptor& from, listener_kind kind);
    void welcome(loop& on, seat place, stream_socket socket, listener_kind kind);
    loop& emptiest(loop& first) const;
    void hand_over(loop& to, stream_socket socket, listener_kind kind);
    static awaitable<void> turn_away(stream_socket socket);
    static awaitable<void> watch(std::shared_ptr<loop_context> context, milliseconds every);
};

result<void> server::impl::take_from_systemd(std::size_t count, bool& any) {
    const int given = ::sd_listen_fds(1);
    for (int i = 0; i < given; ++i) {
        unique_fd fd{SD_LISTEN_FDS_START + i};
        ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
        if (::sd_is_socket_unix(fd.get(), SOCK_STREAM, 1, nullptr, 0) > 0) {
            LARDER_TRY(auto made, share(std::move(fd), listener_kind::admin, "admin socket from systemd", 1));
            listeners.push_back(std::move(made));
            continue;
        }
        LARDER_TRY(const auto where, bound_to(fd.get()));
        LARDER_TRY(auto made, share(std::move(fd), listener_kind::plain, show(where), count));
        listeners.push_back(std::move(made));
        any = true;
    }
    return {};
}

result<void> server::impl::bind(std::size_t count) {
    const auto routes = host.routes();
    const auto& options = routes->options.server;
    bool from_systemd = false;
    LARDER_CHECK(take_from_systemd(count, from_systemd));
    const auto add = [&](const std::vector<std::string>& addresses, listener_kind kind) -> result<void> {
        for (const auto& text : addresses) {
            LARDER_TRY(const auto endpoints, resolve_listen(text));
            for (const auto& endpoint : endpoints) {
                LARDER_TRY(auto made, listen_tcp(endpoint, kind, count));
                listeners.push_back(std::move(made));
            }
        }
        return {};
    };
    if (!from_systemd) LARDER_CHECK(add(options.listen, listener_kind::plain));
    if (!options.listen_tls.empty()) {
        LARDER_TRY(tls, read_certificate(options));
        LARDER_CHECK(add(options.listen_tls, listener_kind::tls));
    }
    if (!options.admin_socket.empty()) {
        LARDER_TRY(auto made, listen_admin(options.admin_socket));
        listeners.push_back(std::move(made));
    }
    return {};
}

awaitable<void> server::impl::turn_away(stream_socket socket) {
    static constexpr std::string_view answer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 43\r\nRetry-After: "
        "5\r\nConnection: close\r\n\r\n"
        "this server has too many connections open.\n";
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    const auto bytes = asio::buffer(answer);
    co_await asio::async_write(socket, bytes, token);
    socket.shutdown(stream_socket::shutdown_both, ec);
}

void server::impl::welcome(loop& on, seat place, stream_socket socket, listener_kind kind) {
    auto& counts = host.counts();
    counts.connections_accepted.add();
    if (kind != listener_kind::admin &&
        counts.connections.get() >= on.context->routes->options.server.max_connections) {
        counts.connections_refused.add();
        auto sorry = turn_away(std::move(socket));
        asio::co_spawn(on.io, std::move(sorry), asio::detached);
        return;
    }
    if (kind != listener_kind::admin) {
        error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
    }
    std::unique_ptr<transport> over;
    try {
        if (kind == listener_kind::tls)
            over = std::make_unique<tls_transport>(std::move(socket), certificate());
        else
            over = std::make_unique<plain_transport>(std::move(socket));
    } catch (const std::exception& e) {
        // This one goes; the listener must not.
        return host.log().write(log_level::error, std::string{"connection not taken: "} + e.what());
    }
    auto serving = serve(on.context, std::move(place), std::move(over),
                         kind == listener_kind::admin ? peer_kind::admin : peer_kind::network);
    asio::co_spawn(on.io, std::move(serving), [&log = host.log()](std::exception_ptr broken) {
        if (!broken) return;
        try {
            std::rethrow_exception(broken);
        } catch (const std::exception& e) {
            log.write(log_level::error, std::string{"connection ended by an exception: "} + e.what());
        }
    });
}

awaitable<void> server::impl::accept(loop& on, generic_acceptor& from, listener_kind kind) {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    asio::steady_timer pause{on.io};
    while (!on.context->stopping) {
        auto socket = co_await from.async_accept(token);
        if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) co_return;
        if (ec) {
            // No descriptor left, most likely: some connection will end soon.
            host.log().write(log_level::warn, "cannot accept a connection: " + ec.message());
            on.context->let_go();
            pause.expires_after(milliseconds{100});
            co_await pause.async_wait(token);
            continue;
        }
        auto& to = emptiest(on);
        if (&to == &on)
            welcome(on, seat{*on.open}, std::move(socket), kind);
        else
            hand_over(to, std::move(socket), kind);
    }
}

/// The kernel spreads connections by a hash of their addresses: of a few busy ones, all may well come to one
/// loop while the others have nothing to do.
server::impl::loop& server::impl::emptiest(loop& first) const {
    auto* best = &first;
    for (const auto& one : loops)
        if (one->open->get() < best->open->get()) best = one.get();
    return *best;
}

void server::impl::hand_over(loop& to, stream_socket socket, listener_kind kind) {
    error_code ec;
    const asio::generic::stream_protocol protocol{socket.local_endpoint(ec).protocol().family(), 0};
    unique_fd fd{ec ? -1 : socket.release(ec)};
    if (ec) return host.log().write(log_level::warn, "connection not taken: " + ec.message());
    asio::post(to.io, [this, &to, kind, protocol, fd = std::move(fd), place = seat{*to.open}]() mutable {
        if (to.context->stopping) return;
        try {
            stream_socket taken{to.io};
            taken.assign(protocol, fd.get());
            static_cast<void>(fd.release());
            welcome(to, std::move(place), std::move(taken), kind);
        } catch (const std::exception& e) {
            host.log().write(log_level::warn, std::string{"connection not taken: "} + e.what());
        }
    });
}

/// Ends connections that are past their deadlines: one timer a loop, not one a connection.
awaitable<void> server::impl::watch(std::shared_ptr<loop_context> context, milliseconds every) {
    asio::steady_timer timer{context->io};
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    for (;;) {
        timer.expires_after(every);
        co_await timer.async_wait(token);
        if (ec) co_return;
        // Also where nobody asks: an open file keeps its room on the disk.
        context->follow_removals();
        const auto now = steady_clock::now();
        for (auto* connection : context->connections) {
            if (connection->deadline > now) continue;
            connection->deadline = steady_point::max();
            connection->expire();
        }
    }
}

void server::impl::run() {
    const auto routes = host.routes();
    const auto& o = routes->options.server;
    const auto shortest = std::min({o.header_timeout, o.idle_timeout, o.send_timeout});
    const auto every = std::clamp<milliseconds>(shortest / 8, milliseconds{20}, milliseconds{1000});
    for (auto& l : loops) {
        for (auto& from : listeners) {
            if (from.fds.empty()) continue;
            auto fd = std::move(from.fds.back());
            from.fds.pop_back();
            const int family = [&] {
                sockaddr_storage name{};
                socklen_t size = sizeof name;
                return ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0
                           ? static_cast<int>(name.ss_family)
                           : AF_INET;
            }();
            const asio::generic::stream_protocol protocol{family, 0};
            l->acceptors.push_back(std::make_unique<generic_acceptor>(l->io, protocol, fd.release()));
            auto accepting = accept(*l, *l->acceptors.back(), from.kind);
            asio::co_spawn(l->io, std::move(accepting), asio::detached);
        }
        auto watching = watch(l->context, every);
        asio::co_spawn(l->io, std::move(watching), asio::detached);
    }
    for (auto& l : loops) l->thread = std::thread{[io = &l->io] { io->run(); }};
}

namespace {

/// A quarter of the descriptors is for files that are kept open between requests.
std::size_t most_open_files(std::size_t loops) {
    // Twice: an answer that is ready may hold a file that open_files has let go of.
    return std::clamp<std::size_t>(descriptor_limit() / 4 / 2 / loops, 16, 512);
}

}  // namespace

result<std::unique_ptr<server>> server::start(engine& e) {
    auto made = std::make_unique<impl>(e);
    const auto routes = e.routes();
    const auto wanted = routes->options.server.threads;
    const std::size_t count = wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
    LARDER_CHECK(made->bind(count));
    const auto most_open = most_open_files(count);
    for (std::size_t i = 0; i < count; ++i) {
        made->loops.push_back(std::make_unique<impl::loop>());
        made->loops.back()->open = &e.counts().by_loop.emplace_back();
        made->loops.back()->context = std::make_shared<loop_context>(e, made->loops.back()->io, routes, most_open);
    }
    made->run();
    return std::unique_ptr<server>{new server{std::move(made)}};
}

server::server(std::unique_ptr<impl> i) : impl_{std::move(i)} {}

std::vector<std::string> server::addresses() const {
    std::vector<std::string> all;
    for (const auto& l : impl_->listeners)
        if (l.kind != listener_kind::admin) all.push_back(l.shown);
    return all;
}

result<void> server::reload(core::options options) {
    std::shared_ptr<asio::ssl::context> fresh;
    if (!options.server.listen_tls.empty()) {
        LARDER_TRY(fresh, read_certificate(options.server));
    }
    LARDER_CHECK(impl_->host.reload(std::move(options)));
    const std::lock_guard lock{impl_->tls_mutex};
    if (fresh) impl_->tls = std::move(fresh);
    return {};
}

bool server::answers() {
    bool all = true;
    for (auto& l : impl_->loops) {
        if (!l->answered.exchange(false)) {
            all = false;
            continue;
        }
        asio::post(l->io, [one = l.get()] { one->answered = true; });
    }
    return all;
}

void server::stop() {
    if (std::exchange(impl_->stopped, true)) return;
    const auto grace = impl_->host.routes()->options.server.shutdown_grace;
    for (auto& l : impl_->loops)
        asio::post(l->io, [one = l.get()] {
            one->context->stopping = true;
            error_code ignored;
            for (auto& a : one->acceptors) a->close(ignored);
            const auto now = one->context->connections;
            for (auto* connection : now) connection->wind_down();
        });
    const auto until = steady_clock::now() + grace;
    while (impl_->host.counts().connections.get() > 0 && steady_clock::now() < until)
        std::this_thread::sleep_for(milliseconds{5});
    for (auto& l : impl_->loops) {
        asio::post(l->io, [one = l.get()] { one->io.stop(); });
        l->thread.join();
    }
    for (const auto& l : impl_->listeners)
        if (!l.path.empty()) ::unlink(l.path.c_str());
}

server::~server() {
    if (!impl_) return;
    stop();
    // Coroutines still suspended end with their loops, while what they use is still here.
    impl_->loops.clear();
}

}  // namespace larder::net
