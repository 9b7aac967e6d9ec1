#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace larder::net {

/// The bandwidth of all transfers together, as a bucket that fills by itself. A transfer takes what it got
/// and may leave the bucket in debt; nobody gets more before that is paid.
class rate_limit {
public:
    explicit rate_limit(std::uint64_t bytes_per_second) { change(bytes_per_second); }
    void change(std::uint64_t bytes_per_second) {
        rate_ = static_cast<double>(bytes_per_second);
        left_ = std::min(left_, most());
    }
    bool limits() const noexcept { return rate_ > 0; }
    bool may_take() {
        fill();
        return !limits() || left_ > 0;
    }
    void take(std::size_t bytes) {
        if (limits()) left_ -= static_cast<double>(bytes);
    }
    /// Until may_take() is true again.
    std::chrono::milliseconds pause() const {
        const auto ms = limits() && left_ <= 0 ? -left_ / rate_ * 1000 : 0;
        return std::chrono::milliseconds{static_cast<std::int64_t>(ms) + 5};
    }

private:
    /// What may come at once after a quiet time: a quarter of a second's worth.
    double most() const noexcept { return rate_ / 4; }
    void fill() {
        const auto now = std::chrono::steady_clock::now();
        left_ = std::min(most(), left_ + rate_ * std::chrono::duration<double>(now - filled_).count());
        filled_ = now;
    }

    double rate_ = 0, left_ = 0;
    std::chrono::steady_clock::time_point filled_ = std::chrono::steady_clock::now();
};

}  // namespace larder::net
