#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::core {

/// "Basic dXNlcjpwYXNz" (RFC 7617), as in Authorization and Proxy-Authorization.
struct basic_credentials {
    std::string user;
    std::string password;
};

/// Nothing for another scheme, bad base64, no colon, or a control character in either part.
std::optional<basic_credentials> parse_basic(std::string_view field);

/// "Bearer TOKEN": the token, as a view; nothing for another scheme or an odd token (RFC 6750 2.1).
std::optional<std::string_view> parse_bearer(std::string_view field) noexcept;

/// Strict base64 with padding (RFC 4648 section 4); nothing for anything else.
std::optional<std::string> decode_base64(std::string_view);

/// "folsom" or "folsom@3", as in /d/… and as the proxy user name.
struct deployment_name {
    std::string name;                         ///< letters, digits, '-', '_', '.'; at most 100 of them
    std::optional<std::uint64_t> generation;  ///< absent: the current one
};
std::optional<deployment_name> parse_deployment(std::string_view);

}  // namespace larder::core
