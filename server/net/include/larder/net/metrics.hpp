#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace larder::net {

/// A count that many threads add to.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    void subtract(std::uint64_t n = 1) noexcept { value_.fetch_sub(n, std::memory_order_relaxed); }
    void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// What the server counts, from its start on. Everything here is on /metrics.
struct metrics {
    counter requests;             ///< request heads that were read
    counter hits;                 ///< answered from the store
    counter misses;               ///< had to be fetched, and started the fetch
    counter joins;                ///< had to be fetched, by a fetch under way already
    counter not_modified;         ///< answered 304
    counter not_found;            ///< answered 404
    counter failures;             ///< answered 5xx
    counter refused;              ///< refused for what they were (malformed, not configured, not allowed)
    counter cut;                  ///< responses cut off because the bytes turned out wrong or did not come
    counter bytes_sent;           ///< of bodies
    counter bytes_from_store;     ///< of bodies that needed no upstream
    counter connections;          ///< open now
    std::deque<counter> by_loop;  ///< the same, by the loop that serves them; sized once, before the loops run
    counter connections_accepted;
    counter connections_refused;  ///< over max_connections
    counter timeouts;             ///< connections closed because the client was too slow
    counter upstream_transfers;   ///< transfers started
    counter upstream_failures;    ///< transfers that ended badly
    counter upstream_bytes;       ///< received
    counter digest_mismatches;    ///< objects that came with other bytes than the index promises
    counter damaged_objects;      ///< stored objects found damaged
    counter refreshes;            ///< suites asked for again
    counter refresh_failures;
    counter suites_switched;  ///< suites that went to a newer state
    counter tunnels;          ///< CONNECT tunnels opened
    counter objects_stored;
    counter rescued;  ///< of those, had from a snapshot service or a peer, since no mirror had them

    /// Requests refused, by the parser's or the router's reason.
    static constexpr std::size_t fault_kinds = 32;
    std::array<counter, fault_kinds> faults;
};

/// A value with labels that is read when asked for (the age of a suite).
struct gauge_sample {
    std::string name, help;
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
};

/// All of it in Prometheus' text format.
std::string render_metrics(const metrics& m, const std::vector<gauge_sample>& gauges);

}  // namespace larder::net
