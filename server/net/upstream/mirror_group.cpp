#include "upstream/requests.hpp"
#include <cstring>
#include <larder/base/text.hpp>
#include <netinet/in.h>

namespace larder::net {
namespace {

using core::transfer;

std::optional<core::ip_address> to_address(const sockaddr* from) {
    core::ip_address ip;
    if (from->sa_family == AF_INET) {
        ip.family = core::ip_family::v4;
        std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in*>(from)->sin_addr, 4);
        return ip;
    }
    if (from->sa_family == AF_INET6) {
        ip.family = core::ip_family::v6;
        std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(from)->sin6_addr, 16);
        return ip;
    }
    return std::nullopt;
}

result<std::string> read_secret(const std::string& path) {
    if (path.empty()) return std::string{};
    auto text = read_file(path, 64 * 1024);
    if (!text) return error{errc::bad_config, text.error().detail()};
    return std::string{trim(*text)};
}

}  // namespace

result<std::shared_ptr<mirror_group>> make_mirror_group(const core::archive_options& options, std::size_t index,
                                                        std::shared_ptr<const core::address_policy> addresses) {
    auto group = std::make_shared<mirror_group>(options.name, options.upstream.size());
    for (const auto& text : options.upstream) {
        auto url = core::parse_url(text, core::credentials::allowed);
        if (!url) return url.error().in("archive '" + options.name + "'");
        url->userinfo.clear();
        group->urls.push_back(std::move(*url));
    }
    group->redirect_hosts = options.redirect_hosts;
    group->user = options.user;
    LARDER_TRY(group->password, read_secret(options.password_file));
    LARDER_TRY(group->bearer, read_secret(options.token_file));
    group->addresses = std::move(addresses);
    group->index = index;
    return group;
}

transfer_request request_to(const std::shared_ptr<mirror_group>& from, std::size_t mirror, const std::string& path) {
    transfer_request r;
    r.url = core::join(from->urls.at(mirror), path);
    r.user = from->user;
    r.password = from->password;
    r.bearer = from->bearer;
    r.redirect_hosts = from->redirect_hosts;
    r.may_connect = [from](const sockaddr* address) {
        const auto ip = to_address(address);
        if (!ip || !from->addresses) return false;
        return from->index ? from->addresses->allows(*from->index, *ip) : from->addresses->allows(*ip);
    };
    return r;
}

core::outcome judge_end(const transfer_end& end, int status, std::uint64_t received) {
    core::outcome how{transfer::ok, received};
    how.status = status;
    how.retry_after = end.retry_after;
    if (end.failure) {
        how.detail = end.failure->detail();
        switch (end.failure->code()) {
            case errc::timeout: how.kind = transfer::timed_out; break;
            case errc::refused: how.kind = transfer::refused; break;
            default: how.kind = end.connected ? transfer::reset : transfer::connect_failed;
        }
    } else if (status != 200 && status != 206 && status != 304) {
        how.kind = transfer::status;
        how.detail = "answered " + std::to_string(status);
    }
    return how;
}

}  // namespace larder::net
