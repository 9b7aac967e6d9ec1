#include "connection/connection.hpp"
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

// Suites that a deployment pins when a client first asks for them.

namespace larder::net {
namespace {

using namespace std::chrono;

/// apt gives up after 30 s without a byte; told to come again, it finds the suite pinned, or comes once more.
constexpr auto patience = 20s;

}  // namespace

std::optional<pinning::first_use> connection::first_use_of(const routing& routes, const core::deployment_file& asked,
                                                           const result<pinned_view_ptr>& now) {
    // What cannot be read is not nothing.
    if (!now && now.error().code() != errc::absent) return {};
    const auto& of = routes.archives[asked.archive]->options();
    return loop_->host.pinned().first_use_of(asked.name, of, asked.path, now ? *now : nullptr);
}

std::string connection::address_of_client() {
    if (peer_ == peer_kind::admin) return "the admin socket";
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    std::array<char, INET6_ADDRSTRLEN> text{};
    auto* const any = reinterpret_cast<sockaddr*>(&where);
    if (::getpeername(transport_->socket().native_handle(), any, &size) != 0) return "a client that has left";
    const void* address = &reinterpret_cast<const sockaddr_in*>(any)->sin_addr;
    if (where.ss_family == AF_INET6) address = &reinterpret_cast<const sockaddr_in6*>(any)->sin6_addr;
    if (::inet_ntop(where.ss_family, address, text.data(), text.size()) == nullptr) return "a client";
    return text.data();
}

awaitable<bool> connection::pin_first(const core::request_head& head, pinning::first_use what) {
    prefetch_queued(head.size);
    const auto pinning = loop_->host.pinned().first_uses().begin(loop_->host, what, address_of_client());
    if (!pinning) {
        co_await send_error(503, "this server is pinning as many suites as it can; try again");
        co_return false;
    }
    const auto give_up = steady_clock::now() + patience;
    deadline = give_up + limits().send_timeout;
    const auto done = co_await outcome<result<void>>::get(pinning, give_up);
    deadline = steady_clock::now() + limits().send_timeout;
    if (!done) {
        co_await send_error(503, what.archive + "/" + what.suite + " is still being pinned; try again");
        co_return false;
    }
    if (*done) co_return true;
    const auto& why = done->error();
    // The suite is configured, and belongs to the deployment: not to have it is no answer, but trouble.
    const bool passing = why.code() == errc::upstream_down || why.code() == errc::cancelled ||
                         why.code() == errc::conflict || why.code() == errc::full;
    co_await send_error(passing ? 503 : 502, "not pinned yet: " + why.detail());
    co_return false;
}

}  // namespace larder::net
