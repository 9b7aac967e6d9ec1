#include "own_names.hpp"
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <ifaddrs.h>
#include <larder/core/url.hpp>
#include <memory>
#include <netinet/in.h>
#include <unistd.h>

namespace larder::net {
namespace {

struct interfaces_freer {
    void operator()(ifaddrs* all) const noexcept { ::freeifaddrs(all); }
};

/// The machine's addresses, IPv6 in brackets; those bound to a link are left out, URLs cannot name them.
result<std::vector<std::string>> machine_addresses() {
    std::vector<std::string> found;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return errno_error(errno, "listing this machine's addresses");
    const std::unique_ptr<ifaddrs, interfaces_freer> all{first};
    for (const auto* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (one->ifa_addr->sa_family == AF_INET) {
            const auto* ip = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
            if (::inet_ntop(AF_INET, &ip->sin_addr, text.data(), text.size()) != nullptr)
                found.emplace_back(text.data());
        } else if (one->ifa_addr->sa_family == AF_INET6) {
            const auto* ip = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
            if (ip->sin6_scope_id == 0 && ::inet_ntop(AF_INET6, &ip->sin6_addr, text.data(), text.size()) != nullptr)
                found.push_back("[" + std::string{text.data()} + "]");
        }
    }
    return found;
}

std::string machine_name() {
    std::array<char, 256> text{};
    return ::gethostname(text.data(), text.size() - 1) == 0 ? std::string{text.data()} : std::string{};
}

}  // namespace

std::vector<std::string> own_names(const core::server_options& server, logger& log) {
    const auto machine = machine_addresses();
    if (!machine)
        log.write(log_level::warn, machine.error().detail() +
                                       "; who names one of them when using this server as a proxy will be refused");
    std::vector<std::string> names;
    for (const auto* list : {&server.listen, &server.listen_tls})
        for (const auto& address : *list) {
            const auto colon = address.rfind(':');
            if (colon == std::string::npos) continue;     // told when it is listened on
            if (address.substr(colon) == ":0") continue;  // a port nobody knows yet
            const auto host = address.substr(0, colon);
            const auto port = address.substr(colon);
            const bool everywhere = host == "*" || host == "0.0.0.0" || host == "[::]";
            std::vector<std::string> hosts{"localhost", "127.0.0.1", "[::1]"};
            if (!everywhere) hosts.push_back(host);
            if (everywhere && machine) hosts.insert(hosts.end(), machine->begin(), machine->end());
            if (auto own = machine_name(); !own.empty()) hosts.push_back(std::move(own));
            for (const auto& one : hosts)
                if (core::split_authority(one + port)) names.push_back(one + port);
        }
    return names;
}

}  // namespace larder::net
