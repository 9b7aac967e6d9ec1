#pragma once

#include <chrono>
#include <condition_variable>
#include <larder/net/engine.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace larder::net::pinning {

/// Brings what deployments hold and is not here, by itself: when a generation is made, when more comes to be used or
/// is reported by a unit, and again while something is missing.
/// A thread of its own, one deployment after the other; the archives' bandwidth limits hold for it too.
class keeper {
public:
    explicit keeper(engine& e);
    /// Ends the download under way; what came, stays.
    ~keeper();
    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;

    /// Something was pinned, or came to be held. Any thread; does not wait.
    void wake();
    /// How much of each deployment is not here, as far as it was looked at.
    std::vector<gauge_sample> gauges() const;

private:
    using clock = std::chrono::steady_clock;
    struct seen {
        std::uint64_t version = 0;  ///< of its ref, when it was looked at
        clock::time_point again{};  ///< not before, unless that has changed
        std::uint64_t missing = 0;
        unsigned failures = 0;  ///< in a row
        bool stale = false;     ///< it may have come to hold more since
        digest reports{};       ///< of its units, all together
    };
    using states = std::map<std::string, seen, std::less<>>;

    void run(std::stop_token stop);
    /// Looks after those that are due; when to come again.
    clock::time_point round(const std::stop_token& stop);
    seen look_after(const std::string& name, const seen& before, const std::stop_token& stop);

    engine& e_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = true;  ///< what an earlier process left undone is begun with
    states known_;
    std::jthread thread_;
};

}  // namespace larder::net::pinning
