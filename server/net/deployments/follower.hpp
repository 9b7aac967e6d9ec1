#pragma once

#include "deployments/rounds.hpp"
#include <larder/base/digest.hpp>
#include <larder/net/engine.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace larder::net::pinning {

/// Asks the peers of deployments that follow one again, each store.follow_refresh, ever less often while one does not
/// answer, or lies; and takes over what is new. What there is goes on being served meanwhile. A thread of its own, one
/// deployment after the other.
class follower {
public:
    explicit follower(engine& e);
    /// Ends the visit under way; what came, stays.
    ~follower() = default;
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;

    /// A deployment may have come to follow a peer. Any thread; does not wait.
    void wake() { rounds_.wake(); }
    /// Since when nothing was heard of each peer.
    std::vector<gauge_sample> gauges() const;

private:
    using clock = rounds::clock;
    struct seen {
        clock::time_point again{};    ///< not before
        unsigned failures = 0;        ///< in a row
        std::optional<digest> taken;  ///< what of the peer's was taken last
        std::uint64_t version = 0;    ///< of the note of whom it follows
    };

    /// Visits those that are due; when to come again.
    clock::time_point round(const std::stop_token& stop);
    void call_on(const std::string& name, seen& one, const std::stop_token& stop);

    engine& e_;
    std::map<std::string, seen> known_;  ///< of the thread
    rounds rounds_;
};

}  // namespace larder::net::pinning
