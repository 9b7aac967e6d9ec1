#include "table.hpp"
#include "checks.hpp"

namespace larder::config {
namespace {

using core::archive_options;
using core::log_options;
using core::peer_options;
using core::server_options;
using core::store_options;
using core::token_options;
using core::upstream_options;

constexpr std::uint64_t second = 1000;
constexpr std::uint64_t day = 86'400 * second;
constexpr std::uint64_t kib = 1024;

constexpr auto restart = applied::at_restart;

const setting<server_options> server_settings[] = {
    {.key = "listen",
     .where = &server_options::listen,
     .purpose = "Addresses and ports for plain HTTP: \"address:port\", \"[IPv6]:port\", or \"*:port\" for all "
                "addresses; port 0 takes a free one.",
     .example = R"(["127.0.0.1:3142", "[::1]:3142"])",
     .when = restart,
     .judge = check_listen},
    {.key = "listen_tls",
     .where = &server_options::listen_tls,
     .purpose = "The same for HTTPS; needs tls_certificate and tls_key.",
     .example = R"(["*:3143"])",
     .when = restart,
     .judge = check_listen},
    {.key = "tls_certificate",
     .where = &server_options::tls_certificate,
     .purpose = "PEM file with the server's certificate and the chain above it.",
     .example = R"("/etc/larder/tls/chain.pem")",
     .judge = check_path,
     .file = names_file::for_tls},
    {.key = "tls_key",
     .where = &server_options::tls_key,
     .purpose = "PEM file with the certificate's private key.",
     .example = R"("/etc/larder/tls/key.pem")",
     .judge = check_path,
     .file = names_file::for_tls},
    {.key = "admin_socket",
     .where = &server_options::admin_socket,
     .purpose = "UNIX socket for the admin API, where file permissions stand in for a token; empty for none.",
     .example = R"("/run/larder/api.sock")",
     .when = restart,
     .judge = check_socket_path},
    {.key = "threads",
     .where = &server_options::threads,
     .purpose = "Event loops; 0 is one a core.",
     .example = "4",
     .when = restart,
     .most = 1024},
    {.key = "max_connections",
     .where = &server_options::max_connections,
     .purpose = "Open connections over all addresses; more are answered 503 and closed.",
     .example = "20000",
     .least = 1,
     .most = 1'000'000},
    {.key = "max_request_head",
     .where = &server_options::max_request_head,
     .purpose = "Bytes that a request line and its headers may have.",
     .example = R"("32 KiB")",
     .least = kib,
     .most = kib * kib},
    {.key = "max_request_body",
     .where = &server_options::max_request_body,
     .purpose =
         "Bytes that the body of an API request, or of what a unit reports, may have; over the admin socket at least "
         "64 MiB.",
     .example = R"("4 MiB")",
     .most = kib * kib * kib},
    {.key = "header_timeout",
     .where = &server_options::header_timeout,
     .purpose = "Time in which a whole request head must arrive.",
     .example = R"("5s")",
     .least = 10,
     .most = day},
    {.key = "idle_timeout",
     .where = &server_options::idle_timeout,
     .purpose = "Time that a connection may stay open between two requests.",
     .example = R"("2 min")",
     .least = 10,
     .most = day},
    {.key = "send_timeout",
     .where = &server_options::send_timeout,
     .purpose = "Time without one byte taken by a client after which it is cut off.",
     .example = R"("30s")",
     .least = 10,
     .most = day},
    {.key = "shutdown_grace",
     .where = &server_options::shutdown_grace,
     .purpose = "Time that responses under way get to finish once the server is told to stop.",
     .example = R"("1 min")",
     .most = day},
    {.key = "connect_allow",
     .where = &server_options::connect_allow,
     .purpose = "The only \"host:port\" that CONNECT may reach, at public addresses and those in "
                "upstream.private_networks; what goes through such a tunnel is not verified.",
     .example = R"(["esm.archive.example:443"])",
     .judge = check_host_port},
    {.key = "public_url",
     .where = &server_options::public_url,
     .purpose = "URL under which clients reach this server, for the lines the page shows; empty takes it from the "
                "request.",
     .example = R"("http://larder.archive.example:3142")",
     .judge = check_url},
    {.key = "partners",
     .where = &server_options::partners,
     .purpose = "URLs under which clients reach other Larders that have the same deployments: the files for a "
                "deployment's machines then name those, too, for when this one is away.",
     .example = R"(["http://second.archive.example:3142"])",
     .judge = check_url},
};

const setting<log_options> log_settings[] = {
    {.key = "level",
     .where = &log_options::level,
     .purpose = "The least severe messages that are written: debug, info, warn or error.",
     .example = R"("debug")",
     .judge = check_level},
    {.key = "target",
     .where = &log_options::target,
     .purpose = "Where messages go: stderr, journald, or auto (journald when systemd started the server).",
     .example = R"("stderr")",
     .when = restart,
     .judge = check_log_target},
    {.key = "requests",
     .where = &log_options::requests,
     .purpose = "Whether every request gets a line.",
     .example = "true"},
};

const setting<store_options> store_settings[] = {
    {.key = "path",
     .where = &store_options::path,
     .purpose =
         "Folder of objects and database, for one server at a time: a store, an empty folder, or one that is not there "
         "yet; another than /var/lib/larder must belong to the "
         "user larder and be named in a drop-in of larder.service, which may write nowhere else (systemctl edit "
         "larder: [Service] ReadWritePaths=/srv/larder).",
     .example = R"("/srv/larder")",
     .when = restart,
     .judge = check_store_path,
     .file = names_file::store},
    {.key = "max_cache_size",
     .where = &store_options::max_cache_size,
     .purpose = "How much is kept of what nothing pins (larder gc removes the rest, oldest use first); what is pinned "
                "is never removed and does not count.",
     .example = R"("200 GiB")"},
    {.key = "fetch_held",
     .where = &store_options::fetch_held,
     .purpose = "Whether the server brings by itself what deployments hold and is not here; else larder deployment "
                "fetch does.",
     .example = "false"},
    {.key = "follow_refresh",
     .where = &store_options::follow_refresh,
     .purpose = "Time after which the server asks the peer of a deployment that follows one again.",
     .example = R"("1 min")",
     .least = 100,
     .most = 30 * day},
};

const setting<upstream_options> upstream_settings[] = {
    {.key = "connections",
     .where = &upstream_options::connections,
     .purpose = "Connections at a time to one upstream host.",
     .example = "4",
     .least = 1,
     .most = 256},
    {.key = "connect_timeout",
     .where = &upstream_options::connect_timeout,
     .purpose = "Time for a connection to an upstream, name look-up and TLS included.",
     .example = R"("10s")",
     .least = 10,
     .most = day},
    {.key = "inactivity_timeout",
     .where = &upstream_options::inactivity_timeout,
     .purpose = "Time without one byte from an upstream, or with less than 256 bytes a second, after which the next "
                "mirror is tried; keep it below the 30 s that apt waits.",
     .example = R"("15s")",
     .least = 10,
     .most = day},
    {.key = "retries",
     .where = &upstream_options::retries,
     .purpose = "Rounds over all mirrors of an archive before a fetch fails.",
     .example = "5",
     .most = 100},
    {.key = "backoff",
     .where = &upstream_options::backoff,
     .purpose = "Pause before the second round; it doubles with each further one.",
     .example = R"("1s")",
     .most = 3600 * second},
    {.key = "bandwidth",
     .where = &upstream_options::bandwidth,
     .purpose = "Bytes a second over all transfers from upstreams; 0 is no limit.",
     .example = R"("20 MiB")"},
    {.key = "proxy",
     .where = &upstream_options::proxy,
     .purpose = "Parent proxy for everything that is fetched (http or https); empty for none.",
     .example = R"("http://proxy.archive.example:8080")",
     .judge = check_proxy},
    {.key = "private_networks",
     .where = &upstream_options::private_networks,
     .purpose = "Private, link-local or loopback addresses (CIDR) that the names of upstreams may resolve to; all "
                "others of that kind are refused.",
     .example = R"(["10.20.0.0/16", "fd12:3456::/32"])",
     .judge = check_cidr},
    {.key = "ca_file",
     .where = &upstream_options::ca_file,
     .purpose = "PEM file with the authorities that HTTPS upstreams are checked against; empty takes the system's.",
     .example = R"("/etc/larder/upstream-ca.pem")",
     .judge = check_path,
     .file = names_file::certificates},
};

const setting<archive_options> archive_settings[] = {
    {.key = "name",
     .where = &archive_options::name,
     .purpose = "First part of the archive's path here (http://this-server/NAME/): letters, digits, '-', '_', '.'.",
     .example = R"("debian")",
     .judge = check_archive_name,
     .needed = need::required},
    {.key = "upstream",
     .where = &archive_options::upstream,
     .purpose =
         "Base URLs of its mirrors, the most wanted first; where two archives have one URL, clients in proxy mode "
         "get the first.",
     .example = R"(["http://first.archive.example/debian", "https://second.archive.example/debian"])",
     .judge = check_url,
     .needed = need::required},
    {.key = "aliases",
     .where = &archive_options::aliases,
     .purpose = "Further base URLs by which clients in proxy mode may name it; nothing is fetched from them.",
     .example = R"(["http://old.archive.example/debian"])",
     .judge = check_url},
    {.key = "keyring",
     .where = &archive_options::keyring,
     .purpose = "Files of OpenPGP public keys; a Release of this archive counts only when one of these keys signed it.",
     .example = R"(["/usr/share/keyrings/debian-archive-keyring.gpg"])",
     .judge = check_path,
     .needed = need::required,
     .file = names_file::yes},
    {.key = "suites",
     .where = &archive_options::suites,
     .purpose = "Suites that are kept fresh ahead of clients; \"./\" is a flat repository.",
     .example = R"(["bookworm", "bookworm-updates"])",
     .judge = check_suite},
    {.key = "components",
     .where = &archive_options::components,
     .purpose = "Components whose indices are kept fresh ahead of clients; empty for those that clients use.",
     .example = R"(["main", "contrib"])",
     .judge = check_component},
    {.key = "architectures",
     .where = &archive_options::architectures,
     .purpose = "Architectures whose indices are kept fresh ahead of clients; empty for those that clients use.",
     .example = R"(["amd64", "arm64"])",
     .judge = check_architecture},
    {.key = "redirect_hosts",
     .where = &archive_options::redirect_hosts,
     .purpose =
         "Hosts, besides its own, to which an upstream may redirect: \"host\" on the usual port, or \"host:port\".",
     .example = R"(["cdn.archive.example"])",
     .judge = check_host},
    {.key = "snapshots",
     .where = &archive_options::snapshots,
     .purpose =
         "Services that keep the archive as it was, {when} standing for a moment such as 20261121T063000Z: asked "
         "for what a deployment or a snapshot needs and no mirror has.",
     .example = R"(["https://snapshot.archive.example/archive/debian/{when}"])",
     .judge = check_snapshot_url},
    {.key = "refresh",
     .where = &archive_options::refresh,
     .purpose = "Age at which an InRelease is asked for again.",
     .example = R"("10 min")",
     .most = 365 * day},
    {.key = "user",
     .where = &archive_options::user,
     .purpose = "User name for upstreams that want one (Basic); needs password_file.",
     .example = R"("larder")",
     .judge = check_user},
    {.key = "password_file",
     .where = &archive_options::password_file,
     .purpose = "File whose first line is that user's password.",
     .example = R"("/etc/larder/secrets/debian.password")",
     .judge = check_path,
     .file = names_file::yes},
    {.key = "token_file",
     .where = &archive_options::token_file,
     .purpose = "File whose first line is a Bearer token for the upstreams, in place of user and password.",
     .example = R"("/etc/larder/secrets/debian.token")",
     .judge = check_path,
     .file = names_file::yes},
    {.key = "check_valid_until",
     .where = &archive_options::check_valid_until,
     .purpose = "Whether a Release past its Valid-Until is refused; off only for an archive frozen on purpose.",
     .example = "false"},
    {.key = "check_suite",
     .where = &archive_options::check_suite,
     .purpose =
         "Whether a Release whose Suite and Codename are both another suite's is refused; off only for an archive "
         "that misnames its suites, since a mirror could then show one suite as another.",
     .example = "false"},
};

const setting<token_options> token_settings[] = {
    {.key = "name",
     .where = &token_options::name,
     .purpose = "Who holds the token, for the log.",
     .example = R"("ci")",
     .judge = check_token_name,
     .needed = need::required},
    {.key = "sha256",
     .where = &token_options::sha256,
     .purpose = "SHA-256 of the token, 64 hexadecimal digits; the token itself is written nowhere.",
     .example = R"("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")",
     .judge = check_sha256,
     .needed = need::required},
    {.key = "role",
     .where = &token_options::role,
     .purpose = "What it may do: read, upload, promote or admin.",
     .example = R"("upload")",
     .judge = check_role,
     .needed = need::required},
};

const setting<peer_options> peer_settings[] = {
    {.key = "url",
     .where = &peer_options::url,
     .purpose = "Where it is; a private address needs upstream.private_networks.",
     .example = R"("https://larder.archive.example:3143")",
     .judge = check_url,
     .needed = need::required},
    {.key = "token_file",
     .where = &peer_options::token_file,
     .purpose = "File whose only line is a token of its API, with the role read (there: larder token new).",
     .example = R"("/etc/larder/secrets/peer.token")",
     .judge = check_path,
     .needed = need::required,
     .file = names_file::yes},
};

}  // namespace

const section<server_options>& server_section() {
    static const section<server_options> s{"server", "How Larder listens, and what it allows a connection.",
                                           &core::options::server, nullptr, server_settings};
    return s;
}
const section<log_options>& log_section() {
    static const section<log_options> s{"log", "What is written about the server's work, and where.",
                                        &core::options::log, nullptr, log_settings};
    return s;
}
const section<store_options>& store_section() {
    static const section<store_options> s{"store", "Where everything is kept.", &core::options::store, nullptr,
                                          store_settings};
    return s;
}
const section<upstream_options>& upstream_section() {
    static const section<upstream_options> s{"upstream", "How Larder fetches, from all archives.",
                                             &core::options::upstream, nullptr, upstream_settings};
    return s;
}
const section<archive_options>& archive_section() {
    static const section<archive_options> s{"archive", "One upstream archive; write one such table for each.", nullptr,
                                            &core::options::archives, archive_settings};
    return s;
}
const section<token_options>& token_section() {
    static const section<token_options> s{
        "token", "One caller of the API over TCP; write one such table for each (larder token new prints it).", nullptr,
        &core::options::tokens, token_settings};
    return s;
}

const section<peer_options>& peer_section() {
    static const section<peer_options> s{"peer",
                                         "Another Larder, asked by hash for what a deployment or a snapshot needs and "
                                         "no mirror has; write one such table for each.",
                                         nullptr, &core::options::peers, peer_settings};
    return s;
}

}  // namespace larder::config
