#include "chars.hpp"
#include <larder/base/text.hpp>
#include <larder/core/address.hpp>
#include <larder/core/url.hpp>
#include <vector>

namespace larder::core {
namespace {

bool parse_port(std::string_view text, std::uint16_t& out) noexcept {
    std::uint64_t n = 0;
    if (text.size() > 5 || !to_number(text, n) || n == 0 || n > 65535) return false;
    out = static_cast<std::uint16_t>(n);
    return true;
}

/// A last label that is a number makes resolvers think of an address: "127.1", "0x7f.1", "2130706433".
bool looks_numeric(std::string_view host) noexcept {
    const auto dot = host.rfind('.');
    const auto last = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (all_of(last, is_digit)) return true;
    return last.size() > 1 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X');
}

bool good_name(std::string_view host) noexcept {
    if (host.empty() || host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
    if (!all_of(host, in_host) || host.find("..") != std::string_view::npos || host.back() == '.') return false;
    return !looks_numeric(host) || parse_address(host).has_value();
}

error bad_url(std::string_view text, std::string_view what) {
    const auto scheme = text.find("://");
    const auto at = text.find('@');
    const bool secret = at != std::string_view::npos;  // what stands before it may be a password
    std::string shown = secret ? "…" + std::string{text.substr(at)} : std::string{text};
    if (secret && scheme != std::string_view::npos && scheme < at)
        shown = std::string{text.substr(0, scheme + 3)} + shown;
    return {errc::malformed, "'" + printable(shown) + "' is not an http or https URL: " + std::string{what}};
}

std::string remove_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    const auto parts = split(path, '/');
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        if (parts[i] == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (parts[i] != ".") {
            kept.push_back(parts[i]);
            continue;
        }
        if (last) kept.push_back("");
    }
    std::string out;
    for (const auto part : kept) (out += '/') += part;
    return out.empty() ? "/" : out;
}

}  // namespace

std::optional<authority> split_authority(std::string_view text) noexcept {
    authority out;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return {};
        out.host = text.substr(1, close - 1);
        if (out.host.find(':') == std::string_view::npos || !parse_address(out.host)) return {};
        text.remove_prefix(close + 1);
    } else {
        out.host = text.substr(0, text.find(':'));
        text.remove_prefix(out.host.size());
        if (out.host.size() > 1 && out.host.ends_with('.')) out.host.remove_suffix(1);
        if (!good_name(out.host)) return {};
    }
    if (text.empty()) return out;
    if (text.front() != ':' || !parse_port(text.substr(1), out.port)) return {};
    return out;
}

result<url> parse_url(std::string_view text, credentials policy) {
    url out;
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return bad_url(text, "it does not start with http:// or https://");
    const auto scheme = text.substr(0, colon);
    if (iequals(scheme, "https"))
        out.scheme = url_scheme::https;
    else if (!iequals(scheme, "http"))
        return error{errc::refused, "only http and https URLs are taken, not " + printable(scheme, 20) + ":"};
    const auto rest = text.substr(colon + 3);
    auto host = rest.substr(0, rest.find_first_of("/?#"));
    const auto path = rest.substr(host.size());
    if (const auto at = host.rfind('@'); at != std::string_view::npos) {
        if (policy == credentials::refused)
            return error{errc::refused,
                         "credentials have no place in this URL (to " + printable(host.substr(at + 1), 100) + ")"};
        out.userinfo = host.substr(0, at);
        host.remove_prefix(at + 1);
        if (!all_of(out.userinfo, in_target) || out.userinfo.find('@') != std::string::npos)
            return bad_url(text, "odd characters in its credentials; percent-encode them");
    }
    const auto split = split_authority(host);
    if (!split) return bad_url(text, "its host or port is not one");
    if (!all_of(path, in_target) || path.find_first_of("\\#") != std::string_view::npos)
        return bad_url(text, "a control or non-ASCII character, a backslash or a fragment in its path");
    out.host = to_lower(split->host);
    out.port = split->port != 0 ? split->port : default_port(out.scheme);
    out.path = path.starts_with('/') ? std::string{path} : "/" + std::string{path};
    return out;
}

std::string to_string(const url& u) {
    std::string out = u.scheme == url_scheme::https ? "https://" : "http://";
    out += u.host.find(':') == std::string::npos ? u.host : "[" + u.host + "]";
    if (u.port != default_port(u.scheme)) out += ":" + std::to_string(u.port);
    return out + u.path;
}

std::string join(const url& base, std::string_view path) {
    std::string out = to_string(base);
    if (!out.ends_with('/')) out += '/';
    return out + percent_encode(path);
}

result<url> resolve(const url& base, std::string_view location) {
    location = trim(location);
    location = location.substr(0, location.find('#'));
    if (location.empty()) return error{errc::malformed, "a redirect to nowhere"};
    const auto delimiter = location.find_first_of(":/?");
    const bool absolute = delimiter != std::string_view::npos && location[delimiter] == ':';
    if (absolute) {
        LARDER_TRY(auto out, parse_url(location));
        const auto query = out.path.find('?');
        out.path = remove_dots(out.path.substr(0, query)) + (query == std::string::npos ? "" : out.path.substr(query));
        return out;
    }
    const std::string_view scheme = base.scheme == url_scheme::https ? "https:" : "http:";
    if (location.starts_with("//")) return resolve(base, std::string{scheme} + std::string{location});
    url bare = base;
    bare.userinfo.clear();
    const auto old = std::string_view{base.path}.substr(0, base.path.find('?'));
    bare.path = "/";
    std::string path;
    if (location.starts_with('/'))
        path = location;
    else if (location.starts_with('?'))
        path = std::string{old} + std::string{location};
    else
        path = std::string{old.substr(0, old.rfind('/') + 1)} + std::string{location};
    std::string whole = to_string(bare);
    whole.pop_back();
    return resolve(base, whole + path);
}

bool redirect_allowed(const url& from, const url& to, std::span<const std::string> hosts) {
    if (from.scheme == url_scheme::https && to.scheme == url_scheme::http) return false;
    const bool usual_port = to.port == default_port(to.scheme);
    if (from.host == to.host && (from.port == to.port || usual_port)) return true;
    const auto with_port = to.host + ":" + std::to_string(to.port);
    for (const auto& host : hosts)
        if ((usual_port && host == to.host) || host == with_port) return true;
    return false;
}

bool same_origin(const url& from, const url& to) noexcept {
    return from.scheme == to.scheme && from.port == to.port && from.host == to.host;
}

}  // namespace larder::core
