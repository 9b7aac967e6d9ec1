#include "chars.hpp"
#include <algorithm>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <larder/core/basic_auth.hpp>
#include <larder/core/options.hpp>
#include <larder/core/router.hpp>

namespace larder::core {
namespace {

refuse bad_path(std::string_view why) { return {fault_kind::bad_path, 400, why}; }
refuse unknown() { return {fault_kind::unknown, 404, "there is nothing at this path"}; }
refuse with_query() { return {fault_kind::bad_query, 404, "a file of an archive has no query"}; }
refuse wrong_method() { return {fault_kind::bad_method, 405, "only GET and HEAD are offered here"}; }

bool reads(const request_head& head) noexcept { return head.verb == method::get || head.verb == method::head; }

/// Whether the path is in clean_path's form already, but for the slash before it: the usual case.
bool is_clean(std::string_view path) noexcept {
    if (path.size() < 2 || path.size() > 1000) return false;
    char before = '/';
    for (const char c : path.substr(1)) {
        if (c <= ' ' || c > '~' || c == '%' || c == '\\' || (before == '/' && (c == '/' || c == '.'))) return false;
        before = c;
    }
    return before != '/';
}

/// Decodes once and cleans; an empty result is the root.
std::optional<refuse> tidy(std::string_view raw, std::string& out) {
    if (is_clean(raw)) {
        out = raw.substr(1);
        return {};
    }
    const auto decoded = percent_decode(raw);
    if (!decoded) return bad_path("an encoded slash, a NUL or an odd '%' in the path");
    bool root = true;
    for (const auto part : split(*decoded, '/')) root = root && (part.empty() || part == ".");
    if (root) {
        out.clear();
        return {};
    }
    auto cleaned = clean_path(*decoded);
    if (!cleaned) return bad_path("'..', a control character or a backslash in the path, or over 1,000 bytes");
    out = std::move(*cleaned);
    return {};
}

struct cut {
    std::string_view first, rest;
};

cut cut_segment(std::string_view path) noexcept {
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

/// A name of ours in a path: a snapshot, a key.
bool good_segment(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 128 && text.front() != '.' && all_of(text, in_host);
}

route key_route(std::string_view rest) {
    if (!rest.ends_with(".asc")) return unknown();
    rest.remove_suffix(4);
    if (!good_segment(rest)) return unknown();
    return key_file{std::string{rest}};
}

/// A moment, or the beginning of a state's id; any other name is a deployment's.
bool is_of_archive(std::string_view when) {
    constexpr std::size_t shortest_id = 8;
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return parse_timestamp(when) || (when.size() >= shortest_id && std::all_of(when.begin(), when.end(), is_hex));
}

/// apt makes these of its template: "/snapshot/@PATH@/@SNAPSHOTID@/", where the path is that of the source's URL, so
/// "debian" or, of a deployment's own URL, "d/web/debian"; the id is whatever somebody wants.
route snapshot_route(const archive_table& archives, std::string_view rest) {
    if (rest.starts_with("d/")) rest = cut_segment(rest.substr(2)).rest;
    const auto [name, below] = cut_segment(rest);
    const auto [when, path] = cut_segment(below);
    const auto archive = archives.by_name(name);
    if (!archive) return unknown();
    if (!is_of_archive(when))
        if (auto of = parse_deployment(when))
            return deployment_file{std::move(of->name), of->generation, *archive, std::string{path}};
    if (!good_segment(when)) return unknown();
    return snapshot_file{*archive, std::string{when}, std::string{path}};
}

route deployment_route(const archive_table& archives, std::string_view rest) {
    const auto [who, below] = cut_segment(rest);
    const auto [name, path] = cut_segment(below);
    auto deployment = parse_deployment(who);
    const auto archive = archives.by_name(name);
    if (!deployment) return unknown();
    if (!archive && path.empty() && (name.empty() || good_segment(name)))
        return deployment_page{std::move(deployment->name), deployment->generation, std::string{name}};
    if (!archive) return unknown();
    return deployment_file{std::move(deployment->name), deployment->generation, *archive, std::string{path}};
}

/// In proxy mode the proxy's user name, where given, is the deployment.
route by_proxy_user(const request_head& head, archive_file file) {
    if (head.proxy_authorization.empty()) return file;
    const auto user = parse_basic(head.proxy_authorization);
    auto deployment = user ? parse_deployment(user->user) : std::nullopt;
    if (!deployment)
        return refuse{fault_kind::not_allowed, 403, "the proxy user name must be a deployment, or be left out"};
    return deployment_file{std::move(deployment->name), deployment->generation, file.archive, std::move(file.path)};
}

not_configured unknown_host(std::string_view host) {
    return {403, "no configured archive is at '" + printable(host, 100) + "'"};
}

}  // namespace

result<router::place> router::parse_place(std::string_view text) {
    const auto where = split_authority(text);
    if (!where) return error{errc::bad_config, "'" + printable(text, 100) + "' is not of the form host:port"};
    return place{to_lower(where->host), where->port};
}

bool router::listed(std::span<const place> places, std::string_view host, std::uint16_t port) noexcept {
    for (const auto& p : places)
        if ((p.port == 0 || p.port == port) && iequals(p.host, host)) return true;
    return false;
}

result<router> router::make(const options& o, std::span<const std::string> own, std::span<const std::string> local) {
    router out;
    LARDER_TRY(out.archives_, archive_table::make(o, local));
    for (const auto& text : own) {
        LARDER_TRY(auto p, parse_place(text));
        out.own_.push_back(std::move(p));
    }
    if (!o.server.public_url.empty()) {
        LARDER_TRY(auto u, parse_url(o.server.public_url));
        out.own_.push_back({std::move(u.host), u.port});
    }
    for (const auto& text : o.server.connect_allow) {
        LARDER_TRY(auto p, parse_place(text));
        if (p.port == 0)
            return error{errc::bad_config, "connect_allow: '" + printable(text, 100) + "' needs a port, like host:443"};
        out.connect_.push_back(std::move(p));
    }
    return out;
}

route router::operator()(const request_head& head) const {
    if (head.verb == method::connect) return tunnel(head);
    if (head.target.find('#') != std::string_view::npos)
        return refuse{fault_kind::bad_target, 400, "a fragment in the request's target"};
    if (head.target.front() != '/') return absolute(head);
    const auto question = head.target.find('?');
    const auto query = question == std::string_view::npos ? std::string_view{} : head.target.substr(question);
    return by_path(head, head.target.substr(0, question), query);
}

route router::tunnel(const request_head& head) const {
    const auto where = split_authority(head.target);
    if (!where || where->port == 0)
        return refuse{fault_kind::bad_target, 400, "CONNECT needs a target of the form host:port"};
    if (!listed(connect_, where->host, where->port))
        return refuse{fault_kind::not_allowed, 403, "CONNECT to this host and port is not allowed here"};
    return connect{to_lower(where->host), where->port};
}

route router::absolute(const request_head& head) const {
    const auto colon = head.target.find("://");
    const auto scheme_text = head.target.substr(0, colon);
    const bool https = iequals(scheme_text, "https");
    if (colon == std::string_view::npos || !(https || iequals(scheme_text, "http")))
        return refuse{fault_kind::bad_target, 400, "the target is neither a path nor an http URL"};
    const auto after = head.target.substr(colon + 3);
    const auto host = after.substr(0, after.find_first_of("/?"));
    const auto tail = after.substr(host.size());
    const auto question = tail.find('?');
    const auto raw_path = tail.substr(0, question);
    const auto query = question == std::string_view::npos ? std::string_view{} : tail.substr(question);
    if (host.find('@') != std::string_view::npos)
        return refuse{fault_kind::bad_target, 400, "credentials have no place in a URL"};

    const bool nested = iequals(host, "HTTPS");  // http://HTTPS///host/path
    const auto where = nested ? std::nullopt : split_authority(host);
    if (!nested && !where) return refuse{fault_kind::bad_target, 400, "the URL's host or port is not one"};
    const auto scheme = https ? url_scheme::https : url_scheme::http;
    if (where && listed(own_, where->host, where->port != 0 ? where->port : default_port(scheme)))
        return by_path(head, raw_path.empty() ? "/" : raw_path, query);

    if (!reads(head)) return wrong_method();
    std::string path;
    if (auto fault = tidy(raw_path, path)) return *fault;
    if (!query.empty()) return with_query();
    return nested ? by_host_path(head, url_scheme::https, path) : by_url(head, scheme, *where, path);
}

route router::by_url(const request_head& head, url_scheme scheme, const authority& where, std::string_view path) const {
    const auto found = archives_.by_url(scheme, where, path);
    if (!found) return unknown_host(where.host);
    return by_proxy_user(head, {found->archive, std::string{found->rest}, scheme == url_scheme::https});
}

/// "host[:port]/path", as it stands behind HTTPS/// or, in apt-cacher-ng's path form, behind our name.
route router::by_host_path(const request_head& head, url_scheme scheme, std::string_view path) const {
    const auto [host, rest] = cut_segment(path);
    const auto where = split_authority(host);
    if (!where) return unknown_host(host);
    return by_url(head, scheme, *where, rest);
}

route router::by_path(const request_head& head, std::string_view raw_path, std::string_view query) const {
    std::string path;
    if (auto fault = tidy(raw_path, path)) return *fault;
    if (!query.empty()) query.remove_prefix(1);
    const bool api = path.starts_with("api/");
    const bool upload = path.starts_with("upload/");
    // What a deployment's units report.
    const bool report = head.verb == method::post && path.starts_with("d/") && path.ends_with("/report") &&
                        std::count(path.begin(), path.end(), '/') == 2;
    const bool form = head.verb == method::post && path.starts_with("pages/pockets/");
    if (!api && !report && !upload && !form && !reads(head)) return wrong_method();
    if (api && !path.substr(4).starts_with("upload/")) return api_call{path.substr(4), query};
    if (upload) return api_call{std::move(path), query};
    if (path.empty() || path == "favicon.ico" || path == "robots.txt" || path == "acng-report.html")
        return page{std::move(path), query};
    if (path.starts_with("pages/")) return page{path.substr(6), query};
    if (path == "metrics") return metrics{};
    if (path == "healthz") return healthz{};
    if (head.target.find('?') != std::string_view::npos) return with_query();
    if (const auto [first, rest] = cut_segment(path); const auto archive = archives_.by_name(first)) {
        path.erase(0, path.size() - rest.size());
        return archive_file{*archive, std::move(path), false};
    }
    return by_first_segment(head, path, query);
}

route router::by_first_segment(const request_head& head, std::string_view path, std::string_view) const {
    const auto [first, rest] = cut_segment(path);
    if (first == "snapshot") return snapshot_route(archives_, rest);
    if (first == "d") return deployment_route(archives_, rest);
    if (first == "images") return image_file{std::string{rest}};
    if (first == "keys") return key_route(rest);
    if (first == "HTTPS") return by_host_path(head, url_scheme::https, rest);
    if (const auto where = split_authority(first); where && archives_.knows_host(where->host))
        return by_host_path(head, url_scheme::http, path);
    return not_configured{404, "no archive is called '" + printable(first, 100) + "' here"};
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    for (const auto pair : split(query, '&')) {
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) != name) continue;
        const auto raw = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        std::string out;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            char c = raw[i] == '+' ? ' ' : raw[i];
            if (c == '%') {
                const auto byte = from_hex(raw.substr(i + 1, 2));
                if (!byte || byte->size() != 1) return {};
                c = byte->front();
                i += 2;
            }
            if (!all_of({&c, 1}, in_value)) return {};
            out += c;
        }
        return out;
    }
    return {};
}

}  // namespace larder::core
