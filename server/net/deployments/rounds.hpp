#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace larder::net::pinning {

/// A thread of its own that makes rounds: one at the beginning, one whenever it is woken, and one when the round before
/// said so.
class rounds {
public:
    using clock = std::chrono::steady_clock;
    /// Makes one, and tells when to come again; clock::time_point::max(): when woken. Ends soon once a stop is
    /// requested.
    using one_round = std::function<clock::time_point(const std::stop_token&)>;

    /// `woken` is called on the thread, before a round for which somebody has called wake().
    explicit rounds(
        one_round round, std::function<void()> woken = [] {});
    /// Requests a stop, and waits for the round under way.
    ~rounds() = default;
    rounds(const rounds&) = delete;
    rounds& operator=(const rounds&) = delete;

    /// Any thread; does not wait.
    void wake();

private:
    void run(const std::stop_token& stop);
    /// Until the next round is due.
    void wait(clock::time_point next, const std::stop_token& stop);

    const one_round round_;
    const std::function<void()> woken_told_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = true;  ///< what an earlier process left undone is begun with
    std::jthread thread_;
};

}  // namespace larder::net::pinning
