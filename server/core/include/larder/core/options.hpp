#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace larder::core {

using milliseconds = std::chrono::milliseconds;

/// [server]: how Larder listens and what it allows a connection.
struct server_options {
    std::vector<std::string> listen{"127.0.0.1:3142"};  ///< "addr:port", "[v6]:port", "*:port"
    std::vector<std::string> listen_tls;                ///< the same, with HTTPS
    std::string tls_certificate;                        ///< PEM chain; needed with listen_tls
    std::string tls_key;                                ///< PEM key
    std::string admin_socket = "/run/larder/admin.sock";
    unsigned threads = 0;                      ///< loops; 0: one per core
    unsigned max_connections = 8192;           ///< over all addresses; more are answered 503 and closed
    std::uint64_t max_request_head = 16384;    ///< bytes of request line and headers
    std::uint64_t max_request_body = 1 << 20;  ///< bytes, API only
    milliseconds header_timeout{10'000};       ///< for one whole request head
    milliseconds idle_timeout{75'000};         ///< between two requests
    milliseconds send_timeout{60'000};         ///< without a byte taken by the client
    milliseconds shutdown_grace{20'000};       ///< to finish responses after SIGTERM
    std::vector<std::string> connect_allow;    ///< host:port that CONNECT may reach
    std::string public_url;                    ///< for the page's client lines; empty: from Host
    std::vector<std::string> partners;         ///< URLs of other Larders that have the same deployments
};

/// [log]
struct log_options {
    std::string level = "info";   ///< debug, info, warn, error
    std::string target = "auto";  ///< auto (journald when systemd started us), stderr, journald
    bool requests = false;        ///< one line a request
};

/// [store]
struct store_options {
    std::string path = "/var/lib/larder";
    std::uint64_t max_cache_size = 50ULL << 30;  ///< bytes of what no ref reaches
    bool fetch_held = true;                      ///< what deployments hold, without being asked
    milliseconds follow_refresh{300'000};        ///< a peer that a deployment follows is asked again after this
};

/// [upstream]: for all archives.
struct upstream_options {
    unsigned connections = 8;  ///< to one upstream host
    milliseconds connect_timeout{5'000};
    milliseconds inactivity_timeout{20'000};    ///< without a byte; below apt's 30 s
    unsigned retries = 3;                       ///< rounds over all mirrors
    milliseconds backoff{250};                  ///< before the second round; doubles
    std::uint64_t bandwidth = 0;                ///< bytes a second over all transfers; 0: no limit
    std::string proxy;                          ///< parent proxy URL
    std::vector<std::string> private_networks;  ///< CIDR ranges upstream names may resolve to
    std::string ca_file;                        ///< PEM bundle for HTTPS upstreams; empty: the system's
};

/// [[archive]]
struct archive_options {
    std::string name;                     ///< the first path segment: letters, digits, '-', '_', '.'
    std::vector<std::string> upstream;    ///< base URLs, most wanted first
    std::vector<std::string> aliases;     ///< further base URLs that clients in proxy mode may name
    std::vector<std::string> keyring;     ///< files; only these keys count for this archive
    std::vector<std::string> suites;      ///< kept fresh; "./" for a flat repository
    std::vector<std::string> components;  ///< indices kept fresh ahead of clients; empty: what clients use
    std::vector<std::string> architectures;
    std::vector<std::string> redirect_hosts;  ///< further hosts an upstream may redirect to
    std::vector<std::string> snapshots;       ///< where it is as it was: core::snapshot_url
    milliseconds refresh{300'000};            ///< an InRelease older than this is asked for again
    std::string user, password_file;          ///< Basic
    std::string token_file;                   ///< Bearer
    bool check_valid_until = true;            ///< off only for archives frozen on purpose
    bool check_suite = true;                  ///< off: a Release may name another suite than the one asked for
    bool local = false;                       ///< published here; not in the configuration, but made by a command
};

/// One [[token]]: who may call the API over TCP.
struct token_options {
    std::string name;
    std::string sha256;  ///< of the token, hex; `larder token new` prints both
    std::string role;    ///< read, upload, promote, admin
};

/// One [[peer]]: another Larder.
struct peer_options {
    std::string url;
    std::string token_file;  ///< of a token for its API, with the role read
};

struct options {
    server_options server;
    log_options log;
    store_options store;
    upstream_options upstream;
    std::vector<archive_options> archives;
    std::vector<token_options> tokens;
    std::vector<peer_options> peers;
};

}  // namespace larder::core
