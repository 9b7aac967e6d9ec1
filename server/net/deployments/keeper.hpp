#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace larder::net::pinning {

/// Brings what deployments hold and is not here, by itself: when a generation is made, when more comes to be used or
/// is reported by a unit, and again while something is missing.
/// A thread of its own, one deployment after the other; the archives' bandwidth limits hold for it too.
class keeper {
public:
    explicit keeper(engine& e);
    /// Ends the download under way; what came, stays.
    ~keeper() = default;
    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;

    /// Something was pinned, or came to be held. Any thread; does not wait.
    void wake() { rounds_.wake(); }
    /// How much of each deployment is not here, as far as it was looked at.
    std::vector<gauge_sample> gauges() const;

private:
    using clock = rounds::clock;
    struct seen {
        std::uint64_t version = 0;  ///< of its ref, when it was looked at
        clock::time_point again{};  ///< not before, unless that has changed
        std::uint64_t missing = 0;
        unsigned failures = 0;  ///< in a row
        bool stale = false;     ///< it may have come to hold more since
        digest reports{};       ///< of its units, all together
    };
    using states = std::map<std::string, seen, std::less<>>;

    /// Looks after those that are due; when to come again.
    clock::time_point round(const std::stop_token& stop);
    seen look_after(const std::string& name, const seen& before, const std::stop_token& stop);

    engine& e_;
    mutable std::mutex mutex_;
    states known_;
    rounds rounds_;
};

}  // namespace larder::net::pinning
