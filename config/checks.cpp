#include "checks.hpp"
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <larder/core/address.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/core/snapshot_url.hpp>
#include <larder/core/url.hpp>
#include <optional>
#include <utility>

namespace larder::config {
namespace {

error wrong(std::string what) { return {errc::bad_config, std::move(what)}; }
std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool only(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(),
                       [more](char c) { return letter_or_digit(c) || more.find(c) != std::string_view::npos; });
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
    unsigned value = 0;
    const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || err != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

/// A host as URLs have it: lower case, IPv6 in brackets.
std::string host_text(std::string_view host) {
    return host.find(':') == std::string_view::npos ? to_lower(host) : "[" + to_lower(host) + "]";
}

result<std::string> one_of(std::string_view text, std::initializer_list<std::string_view> allowed) {
    std::string list;
    for (const auto a : allowed) {
        if (text == a) return std::string{text};
        list += (list.empty() ? "" : a == *(allowed.end() - 1) ? " or " : ", ") + std::string{a};
    }
    return wrong("must be " + list + ", not " + quoted(text));
}

/// The path of a base URL: what cannot stand in a request line, or would mean another folder, is out.
std::optional<std::string> bad_url_path(std::string_view path) {
    if (path.find_first_of("?#") != std::string_view::npos) return "has a query or fragment; write only the base URL";
    if (!only(path, "/-._~%!$&'()*+,;=:@")) return "has a character that must be percent-encoded";
    const auto decoded = percent_decode(path);
    if (!decoded) return "has a path that cannot be decoded";
    for (const auto part : split(*decoded, '/'))
        if (part == "." || part == "..") return "has '" + std::string{part} + "' in its path";
    return std::nullopt;
}

result<std::string> url(std::string_view text, std::string_view like) {
    const auto parsed = core::parse_url(text);
    if (!parsed && text.find('@') != std::string_view::npos)
        return wrong(
            "is a URL with a user or password in it; secrets stay out of the configuration, which names files "
            "of them (password_file, token_file)");
    if (!parsed) return wrong(parsed.error().detail() + "; write one like " + std::string{like});
    if (const auto why = bad_url_path(parsed->path)) return wrong(quoted(text) + " " + *why);
    auto out = core::to_string(*parsed);
    while (out.ends_with('/')) out.pop_back();
    return out;
}

}  // namespace

result<std::string> check_listen(std::string_view text) {
    static constexpr auto like = "; write \"127.0.0.1:3142\", \"[::1]:3142\" or \"*:3142\"";
    const auto colon = text.rfind(':');
    const auto port = colon == std::string_view::npos ? std::nullopt : number(text.substr(colon + 1), 65535);
    if (!port) return wrong(quoted(text) + " does not end in a port (0 to 65535)" + like);
    auto host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = core::parse_address(host);
    const bool v6 = address && address->family == core::ip_family::v6;
    if (bracketed ? !v6 : host != "*" && (!address || v6))
        return wrong(quoted(text) + " does not begin with an IP address" + like);
    return host_text(host) + ":" + std::to_string(*port);
}

result<std::string> check_host(std::string_view text) {
    const auto host = core::split_authority(text);
    if (!host) return wrong(quoted(text) + " is not a host name");
    return host->port == 0 ? host_text(host->host) : host_text(host->host) + ":" + std::to_string(host->port);
}

result<std::string> check_host_port(std::string_view text) {
    const auto host = core::split_authority(text);
    if (!host || host->port == 0)
        return wrong(quoted(text) + " is not \"host:port\"; write one like \"esm.archive.example:443\"");
    return host_text(host->host) + ":" + std::to_string(host->port);
}

result<std::string> check_url(std::string_view text) { return url(text, "\"http://archive.example/debian\""); }
result<std::string> check_proxy(std::string_view text) { return url(text, "\"http://proxy.archive.example:8080\""); }

result<std::string> check_snapshot_url(std::string_view text) {
    static constexpr auto like = "\"https://snapshot.archive.example/archive/debian/{when}\"";
    if (const auto parsed = core::snapshot_url::parse(text); !parsed)
        return wrong(parsed.error().detail() + "; write one like " + like);
    // A moment has the same place in its one form, and is none of a host's or a port's.
    constexpr std::string_view moment = "20261121T063000Z";
    std::string sample{text};
    sample.replace(sample.find(core::when_mark), core::when_mark.size(), moment);
    LARDER_TRY(auto whole, url(sample, like));
    return whole.replace(whole.find(moment), moment.size(), core::when_mark);
}

result<std::string> check_path(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return wrong("has a NUL byte in it");
    if (!text.starts_with('/')) return wrong(quoted(text) + " is not an absolute path; begin it with '/'");
    while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
    return std::string{text};
}

result<std::string> check_store_path(std::string_view text) {
    LARDER_TRY(auto path, check_path(text));
    if (path == "/")
        return wrong("is the whole file system; a store needs a folder of its own, such as \"/srv/larder\"");
    return path;
}

result<std::string> check_socket_path(std::string_view text) {
    if (text.empty()) return std::string{};
    LARDER_TRY(auto path, check_path(text));
    if (path.size() > 107)
        return wrong("has " + std::to_string(path.size()) + " bytes; the path of a socket may have 107");
    return path;
}

result<std::string> check_cidr(std::string_view text) {
    if (const auto range = core::network::parse(text); !range)
        return wrong(range.error().detail() + "; write one like \"10.20.0.0/16\" or \"fd12:3456::/32\"");
    if (text.find('/') != std::string_view::npos) return to_lower(text);
    return to_lower(text) + (text.find(':') == std::string_view::npos ? "/32" : "/128");
}

result<std::string> check_archive_name(std::string_view text) {
    if (text.empty()) return wrong("is empty; write a name such as \"debian\"");
    if (text.size() > 64) return wrong("has more than 64 characters");
    if (!only(text, "-_.")) return wrong(quoted(text) + " may hold only letters, digits, '-', '_' and '.'");
    if (!letter_or_digit(text.front())) return wrong(quoted(text) + " must begin with a letter or digit");
    if (core::reserved_name(text)) return wrong(quoted(text) + " is a path of Larder's own; choose another name");
    return std::string{text};
}

result<std::string> check_suite(std::string_view text) {
    static constexpr auto like =
        "; write one like \"bookworm\", \"jammy-updates/zed\", or \"./\" for a flat repository";
    if (text == "/" || text == "." || text == "./") return std::string{"./"};
    if (text.empty() || text.size() > 200 || !only(text, "-_.+~:/"))
        return wrong(quoted(text) + " is not the name of a suite" + like);
    while (text.starts_with("./")) text.remove_prefix(2);
    // A slash at the end makes it a flat repository below the base URL.
    auto inner = text;
    if (inner.ends_with('/')) inner.remove_suffix(1);
    for (const auto part : split(inner, '/'))
        if (part.empty() || part == "." || part == "..")
            return wrong(quoted(text) + " is not the name of a suite" + like);
    return std::string{text};
}

result<std::string> check_component(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 200 && only(text, "-_.+/") && letter_or_digit(text.front()) &&
                      letter_or_digit(text.back()) && text.find("..") == std::string_view::npos &&
                      text.find("//") == std::string_view::npos;
    if (!good) return wrong(quoted(text) + " is not a component; write one like \"main\" or \"updates/main\"");
    return std::string{text};
}

result<std::string> check_architecture(std::string_view text) {
    const bool lower = std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (text.empty() || text.size() > 40 || !lower || !only(text, "-") || text.front() == '-')
        return wrong(quoted(text) + " is not an architecture; write one like \"amd64\"");
    return std::string{text};
}

result<std::string> check_level(std::string_view text) { return one_of(text, {"debug", "info", "warn", "error"}); }
result<std::string> check_log_target(std::string_view text) { return one_of(text, {"auto", "stderr", "journald"}); }
result<std::string> check_role(std::string_view text) { return one_of(text, {"read", "upload", "promote", "admin"}); }

result<std::string> check_sha256(std::string_view text) {
    const auto d = digest::from_hex(text);
    if (!d)  // the value itself may be the token, so it is not repeated
        return wrong("must be 64 hexadecimal digits (it has " + std::to_string(text.size()) +
                     " characters): the token's SHA-256, not the token");
    if (*d == sha256(""))
        return wrong("is the SHA-256 of an empty token, which nobody has to know; make one with larder token new");
    return d->hex();
}

result<std::string> check_token_name(std::string_view text) {
    if (text.empty() || text.size() > 64 || !only(text, "-_.@"))
        return wrong(quoted(text) + " must be 1 to 64 letters, digits, '-', '_', '.' or '@'");
    return std::string{text};
}

result<std::string> check_user(std::string_view text) {
    const bool good = std::none_of(text.begin(), text.end(), [](char c) {
        return c == ':' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
    if (!good) return wrong(quoted(text) + " has a ':' or a control character in it");
    return std::string{text};
}

}  // namespace larder::config
