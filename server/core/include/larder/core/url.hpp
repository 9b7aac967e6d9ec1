#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace larder::core {

/// Absolute http and https URLs, strictly: for upstreams, aliases and redirects. What two readers
/// could split differently (userinfo that looks like a host, backslashes, control characters,
/// numbers that some resolvers take for addresses) is refused.

enum class url_scheme { http, https };

constexpr std::uint16_t default_port(url_scheme s) noexcept { return s == url_scheme::http ? 80 : 443; }

/// A host and port as they stand in a request target or a Host field, as views.
struct authority {
    std::string_view host;   ///< without brackets, letter case as sent
    std::uint16_t port = 0;  ///< 0: none given
};

/// "host", "host:port", "[v6]", "[v6]:port". Userinfo ('@'), an empty host, port 0 or over 65535,
/// and a host that ends in a number without being an IPv4 literal ("127.1", "0x7f000001"): nothing.
/// One trailing dot is dropped. No allocation.
std::optional<authority> split_authority(std::string_view) noexcept;

struct url {
    url_scheme scheme = url_scheme::http;
    std::string host;        ///< lower case, IPv6 without brackets
    std::uint16_t port = 0;  ///< always set
    std::string path;        ///< "/…", still percent-encoded, with its query; "/" when the URL has none
    std::string userinfo;    ///< "user:password", undecoded; only where `credentials::allowed`

    bool operator==(const url&) const = default;
};

enum class credentials { refused, allowed };

/// Absolute URLs only; a fragment is refused. `malformed` for what is no URL, `refused` for another
/// scheme or credentials that are not allowed. The error repeats no credentials.
result<url> parse_url(std::string_view, credentials = credentials::refused);

/// Without credentials, so that it may be logged; the port only where it is not the scheme's own.
std::string to_string(const url&);

/// The URL of a file below a base: `path` is relative and not encoded (clean_path's form).
std::string join(const url& base, std::string_view path);

/// What a Location field means, seen from `base` (RFC 3986 section 5.2: absolute URL, "//host/…",
/// "/…", "?…" or relative, dot segments removed, the fragment dropped). Credentials are refused.
result<url> resolve(const url& base, std::string_view location);

/// Whether a redirect may be followed: to the same host or one of `hosts` (lower case; "host" or
/// "host:port"), never from https to http. To the same host the port may only be the one it was or
/// the scheme's own, so that a mirror cannot point us at another service of its machine.
bool redirect_allowed(const url& from, const url& to, std::span<const std::string> hosts);

/// Whether credentials for `from` may be sent to `to`: same scheme, host and port only.
bool same_origin(const url& from, const url& to) noexcept;

}  // namespace larder::core
