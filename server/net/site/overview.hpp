#pragma once

#include <chrono>
#include <cstdint>
#include <larder/net/engine.hpp>
#include <optional>
#include <site/health.hpp>
#include <site/site_state.hpp>
#include <string>
#include <vector>

namespace larder::net::site {

/// What the pages and the API show, as plain values: gathered once, then rendered without an engine.
/// Every string in it may hold text from upstream.

struct signer_view {
    std::string fingerprint;
    std::string user_id;  ///< empty when the key is not in the archive's keyring any more
};

struct suite_view {
    suite_status status;
    health how;
    std::optional<std::chrono::seconds> age;  ///< since upstream last confirmed it
    std::vector<signer_view> signers;
};

struct mirror_view {
    std::string url;
    unsigned failures = 0;  ///< in a row
    bool waiting = false;   ///< left alone for a while after failures
    std::string last_error;
    std::uint64_t mismatches = 0;
    std::optional<std::chrono::milliseconds> latency;
};

struct archive_view {
    std::string name;
    std::vector<suite_view> suites;
    std::vector<mirror_view> mirrors;
    std::vector<std::string> components, architectures, keyring;
    bool flat = false;
    bool check_valid_until = true;
    std::chrono::seconds refresh{0};

    health_level worst() const;
};

/// A key of an archive that is published here.
struct key_view {
    std::string archive, fingerprint, state;
    std::optional<sys_seconds> expires, until;
    std::string warning;  ///< that it ends soon, or has
};

struct overview {
    sys_seconds now{}, started{};
    std::string version;
    std::vector<archive_view> archives;
    std::vector<key_view> keys;  ///< those that are not gone
    std::uint64_t requests = 0, hits = 0, misses = 0, joins = 0, not_modified = 0, not_found = 0, failures = 0;
    std::uint64_t refused = 0, cut = 0;
    std::uint64_t bytes_sent = 0, bytes_upstream = 0;
    std::uint64_t bytes_saved = 0;  ///< sent beyond what came from upstream: shared fetches count, too
    std::uint64_t connections = 0, fetches = 0, damaged = 0, mismatches = 0;
    std::optional<std::uint64_t> disk_free, disk_size;  ///< bytes, of the store's file system
    std::string public_url;

    /// Of the requests for files, those that started no fetch (joining one under way is as good);
    /// nothing before the first.
    std::optional<double> hit_rate() const;
};

/// Reads what is in memory, and one statvfs; takes short locks only.
overview gather(engine& e, const site_state& site);

}  // namespace larder::net::site
