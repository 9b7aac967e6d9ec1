#include "whole.hpp"
#include <algorithm>
#include <filesystem>
#include <larder/base/text.hpp>
#include <map>

namespace larder::config {
namespace {

void check_tls(const core::server_options& s, problems& found) {
    const auto complain = [&found](const char* where, const char* what) {
        found.add(found.line_of(where), where, what);
    };
    if (!s.listen_tls.empty() && (s.tls_certificate.empty() || s.tls_key.empty()))
        complain("server.listen_tls", "HTTPS needs both tls_certificate and tls_key");
    else if (!s.tls_certificate.empty() && s.tls_key.empty())
        complain("server.tls_certificate", "needs tls_key beside it");
    else if (s.tls_certificate.empty() && !s.tls_key.empty())
        complain("server.tls_key", "needs tls_certificate beside it");
}

struct address_and_port {
    std::string_view address, port;
};
address_and_port parts_of(std::string_view listen) {
    const auto colon = listen.rfind(':');
    return {listen.substr(0, colon), listen.substr(colon + 1)};
}

/// Whether listening on `all` takes the connections to `one` too: "*" and "[::]" are both families.
bool covers(std::string_view all, std::string_view one) {
    const auto a = parts_of(all), b = parts_of(one);
    if (a.port != b.port || a.port == "0" || a.address == b.address) return false;
    return a.address == "*" || a.address == "[::]" || (a.address == "0.0.0.0" && !b.address.starts_with('['));
}

/// The kernel would give each connection to whichever it likes, or refuse the second.
void check_covered(const core::server_options& s, problems& found) {
    struct entry {
        std::string setting, address;
        std::size_t index;
    };
    std::vector<entry> all;
    for (std::size_t i = 0; i < s.listen.size(); ++i) all.push_back({"server.listen", s.listen[i], i});
    for (std::size_t i = 0; i < s.listen_tls.size(); ++i) all.push_back({"server.listen_tls", s.listen_tls[i], i});
    for (const auto& one : all) {
        const auto wider = std::find_if(all.begin(), all.end(), [&one](const entry& other) {
            // Of two that cover each other, the later one is told.
            return covers(other.address, one.address) && (&other < &one || !covers(one.address, other.address));
        });
        if (wider == all.end()) continue;
        found.add(found.line_of(one.setting + "[" + std::to_string(one.index) + "]"), one.setting,
                  "'" + one.address + "' is in '" + wider->address + "' (" + wider->setting +
                      ") already; leave one of them out, or give it another port");
    }
}

void check_admin_socket(const core::options& o, problems& found) {
    const auto store = std::filesystem::path{o.store.path}.lexically_normal().string();
    const auto socket = std::filesystem::path{o.server.admin_socket}.lexically_normal().string();
    if (socket != store && !socket.starts_with(store + "/")) return;
    found.add(found.line_of("server.admin_socket"), "server.admin_socket",
              "'" + o.server.admin_socket +
                  "' is in the store's folder, whose files are the store's own; put it "
                  "elsewhere, such as \"/run/larder/admin.sock\"");
}

void check_ports(const core::server_options& s, problems& found) {
    for (std::size_t i = 0; i < s.listen_tls.size(); ++i) {
        const auto& address = s.listen_tls[i];
        if (address.ends_with(":0")) continue;
        for (const auto& plain : s.listen)
            if (plain == address) {
                const auto where = "server.listen_tls[" + std::to_string(i) + "]";
                found.add(found.line_of(where), "server.listen_tls",
                          "'" + address + "' is in listen too; HTTP and HTTPS need a port each");
            }
    }
    if (s.listen.empty() && s.listen_tls.empty() && s.admin_socket.empty())
        found.add(found.line_of("server.listen"), "server.listen",
                  "nothing would be listened on: listen, listen_tls and admin_socket are all empty");
}

void check_credentials(const core::archive_options& a, const std::string& where, problems& found) {
    if (!a.user.empty() && a.password_file.empty())
        found.add(found.line_of(where + ".user"), "archive.user", "needs password_file beside it");
    if (a.user.empty() && !a.password_file.empty())
        found.add(found.line_of(where + ".password_file"), "archive.password_file", "needs user beside it");
    if (!a.token_file.empty() && !a.user.empty())
        found.add(found.line_of(where + ".token_file"), "archive.token_file",
                  "an archive has either a token, or user and password, not both");
}

/// An alias that is some archive's upstream would never be asked for its own.
void check_aliases(const std::vector<core::archive_options>& archives, std::size_t index, problems& found) {
    const auto& aliases = archives[index].aliases;
    for (std::size_t n = 0; n < aliases.size(); ++n)
        for (const auto& a : archives)
            if (std::find(a.upstream.begin(), a.upstream.end(), aliases[n]) != a.upstream.end()) {
                const auto where = "archive[" + std::to_string(index) + "].aliases[" + std::to_string(n) + "]";
                found.add(found.line_of(where), "archive.aliases",
                          "'" + aliases[n] + "' is an upstream of archive '" + a.name + "'");
            }
}

void check_archives(const std::vector<core::archive_options>& archives, problems& found) {
    std::map<std::string, unsigned> names;
    for (std::size_t i = 0; i < archives.size(); ++i) {
        const auto& a = archives[i];
        const auto where = "archive[" + std::to_string(i) + "]";
        const auto line = found.line_of(where + ".name");
        if (!a.name.empty()) {
            // Compared without case: two names that differ only there would be one folder on some disks.
            const auto [first, fresh] = names.try_emplace(to_lower(a.name), line);
            if (!fresh)
                found.add(line, "archive.name",
                          "'" + a.name + "' is taken by the archive of line " + std::to_string(first->second));
        }
        check_aliases(archives, i, found);
        check_credentials(a, where, found);
    }
}

void check_tokens(const std::vector<core::token_options>& tokens, problems& found) {
    std::map<std::string, unsigned> names;
    std::map<std::string, unsigned> hashes;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto where = "token[" + std::to_string(i) + "]";
        const auto unique = [&](std::map<std::string, unsigned>& seen, const std::string& value, const char* key) {
            const auto line = found.line_of(where + "." + key);
            if (value.empty()) return;
            const auto [first, fresh] = seen.try_emplace(value, line);
            if (!fresh)
                found.add(line, std::string{"token."} + key,
                          "is the same as in the token of line " + std::to_string(first->second));
        };
        unique(names, tokens[i].name, "name");
        unique(hashes, tokens[i].sha256, "sha256");
    }
}

void check_peers(const std::vector<core::peer_options>& peers, problems& found) {
    for (std::size_t i = 0; i < peers.size(); ++i)
        for (std::size_t before = 0; before < i; ++before) {
            if (peers[i].url.empty() || peers[i].url != peers[before].url) continue;
            found.add(found.line_of("peer[" + std::to_string(i) + "].url"), "peer.url",
                      "'" + peers[i].url + "' is the peer of line " +
                          std::to_string(found.line_of("peer[" + std::to_string(before) + "].url")) + " already");
        }
}

}  // namespace

void check_whole(const core::options& o, problems& found) {
    check_tls(o.server, found);
    check_ports(o.server, found);
    check_covered(o.server, found);
    check_admin_socket(o, found);
    check_archives(o.archives, found);
    check_tokens(o.tokens, found);
    check_peers(o.peers, found);
}

}  // namespace larder::config
