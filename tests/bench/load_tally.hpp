#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace larder::bench {

using steady = std::chrono::steady_clock;

/// What all connections of a run count together. One thread.
class tally {
public:
    /// `limit`: how many requests may be begun in all; 0 means no limit (a run for a time).
    explicit tally(std::uint64_t limit) : limit_{limit} {}

    /// Takes the right to send one more request; false when all have been taken.
    bool take() noexcept {
        if (limit_ != 0 && taken_ == limit_) return false;
        ++taken_;
        return true;
    }
    /// Gives back one that was taken but never answered: the peer closed first, and it is sent again.
    void give_back() noexcept { --taken_; }

    void first_byte(steady::duration);
    void completed(steady::duration);
    /// A request that was answered wrongly or not at all. The first reason is kept for the report.
    void failed(const std::string& why);
    void received(std::uint64_t bytes) noexcept { bytes_ += bytes; }
    void reconnected() noexcept { ++reconnects_; }

    std::uint64_t done() const noexcept { return latencies_.size() + errors_; }
    std::uint64_t errors() const noexcept { return errors_; }
    bool finished() const noexcept { return limit_ != 0 && done() >= limit_; }

    /// The whole result as one JSON object; times in microseconds, `elapsed` is the run's own time.
    std::string json(steady::duration elapsed) const;

private:
    std::uint64_t limit_;
    std::uint64_t taken_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t reconnects_ = 0;
    std::string first_error_;
    std::vector<std::uint32_t> latencies_;    // microseconds, of what was answered in full
    std::vector<std::uint32_t> first_bytes_;  // microseconds
};

}  // namespace larder::bench
