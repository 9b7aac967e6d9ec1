#pragma once

#include <cstddef>
#include <cstdint>
#include <larder/base/result.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/core/http_head.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace larder::core {

struct options;

/// What a request asks for, decided from its head alone. Every path in a route was percent-decoded
/// exactly once and is in clean_path's form: it may be joined to a folder, must never be decoded
/// again, and is empty only where a comment says so.

/// A file of an archive, live. `path` is empty for the archive's root.
struct archive_file {
    std::size_t archive = 0;  ///< in the table
    std::string path;
    bool https = false;  ///< the client named an https URL (apt-cacher-ng's HTTPS/// form)
};

/// /snapshot/<archive>/<when>/<path>, or below it (empty path).
struct snapshot_file {
    std::size_t archive = 0;
    std::string when;  ///< a moment or a snapshot id: letters, digits, '-', '_', at most 128
    std::string path;
};

/// /d/<name>[@<generation>]/<archive>/<path>, or proxy mode with the deployment as user name.
struct deployment_file {
    std::string name;
    std::optional<std::uint64_t> generation;
    std::size_t archive = 0;
    std::string path;  ///< may be empty
};

/// /d/<name>[@<generation>]/<file>: what a deployment's machines are set up with; /d/<name> itself has an empty file.
struct deployment_page {
    std::string name;
    std::optional<std::uint64_t> generation;
    std::string file;  ///< one segment
};

/// /images/<path>; /images itself has an empty path.
struct image_file {
    std::string path;
};

/// /api/<path>?<query>, any method. `path` is "v1/…"; the query is as sent, a view into the buffer. Also
/// /upload/<archive>/<suite>/<file>, with the path "upload/…", which no path below /api/ is.
struct api_call {
    std::string path;
    std::string_view query;
};

/// "/" (empty path), /pages/<path>, /acng-report.html, /favicon.ico, /robots.txt.
struct page {
    std::string path;
    std::string_view query;  ///< as sent, a view into the buffer
};

/// /keys/<name>.asc
struct key_file {
    std::string name;  ///< letters, digits, '-', '_', '.'
};

struct metrics {};
struct healthz {};

/// CONNECT to a pair that the configuration lists. The address policy still has a say.
struct connect {
    std::string host;  ///< lower case, IPv6 without brackets
    std::uint16_t port = 0;
};

/// An absolute URL, or first segment, that belongs to no configured archive: 403 for URLs (Larder is
/// no open proxy), 404 for paths.
struct not_configured {
    int status = 404;
    std::string why;
};

/// A request that is refused whatever the store holds.
struct refuse {
    fault_kind kind = fault_kind::none;
    int status = 400;
    std::string_view why;  ///< one line, a literal
};

using route = std::variant<archive_file, snapshot_file, deployment_file, deployment_page, image_file, api_call, page,
                           key_file, metrics, healthz, connect, not_configured, refuse>;

/// The URL space of one configuration (design: "HTTP"). Immutable; any thread. Routing a warm request
/// costs one allocation, that of its path.
class router {
public:
    /// `own` are the names under which clients reach this server ("larder.example", "[::1]:3142",
    /// "host:port"; without a port any port): absolute URLs with such a host are path mode. The host
    /// of `server.public_url` is added. `local` are the local archives, indexed after the configured.
    /// `bad_config` for what archive_table refuses, and for odd entries of `connect_allow` or `own`.
    static result<router> make(const options&, std::span<const std::string> own = {},
                               std::span<const std::string> local = {});

    route operator()(const request_head&) const;

    const archive_table& archives() const noexcept { return archives_; }

private:
    struct place {
        std::string host;
        std::uint16_t port = 0;  ///< 0: any
    };

    static result<place> parse_place(std::string_view);
    static bool listed(std::span<const place>, std::string_view host, std::uint16_t port) noexcept;

    route absolute(const request_head&) const;
    route tunnel(const request_head&) const;
    route by_path(const request_head&, std::string_view raw_path, std::string_view query) const;
    route by_first_segment(const request_head&, std::string_view path, std::string_view query) const;
    route by_host_path(const request_head&, url_scheme, std::string_view path) const;
    route by_url(const request_head&, url_scheme, const authority&, std::string_view path) const;

    archive_table archives_;
    std::vector<place> own_;
    std::vector<place> connect_;
};

/// The value of a query's first parameter of that name, decoded ("%2F" and '+' as in HTML forms);
/// nothing when it is absent, or holds a bad '%' or a control character.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace larder::core
