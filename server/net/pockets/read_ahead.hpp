#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <larder/base/result.hpp>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace larder::net {

/// What is made of each of a list of things, by several threads, ahead of the one that takes them in the list's order.
/// Of a few things each is made when it is taken. What the maker throws is an error of its thing.
template <class T>
class read_ahead {
public:
    using maker = std::function<result<T>(std::size_t)>;  ///< called by several threads at once

    read_ahead(std::size_t count, maker make) : count_{count}, make_{std::move(make)} {
        if (count_ < worth_threads) return;
        const auto threads = std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
        try {
            for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            // The system gives no more: with those that there are, or none.
        }
    }
    ~read_ahead() {
        const std::lock_guard lock{mutex_};
        count_ = 0;
        changed_.notify_all();
    }
    read_ahead(const read_ahead&) = delete;
    read_ahead& operator=(const read_ahead&) = delete;

    /// The next one's; as often as there are things.
    result<T> next() {
        if (threads_.empty()) return make(taken_++);
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return ready_.contains(taken_); });
        auto made = std::move(ready_.extract(taken_++).mapped());
        changed_.notify_all();
        return made;
    }

private:
    static constexpr std::size_t worth_threads = 4, most_ahead = 32;
    static constexpr unsigned most_threads = 4;

    result<T> make(std::size_t which) const {
        try {
            return make_(which);
        } catch (const std::exception& e) {
            return error{errc::io, e.what()};
        }
    }

    void work() {
        std::unique_lock lock{mutex_};
        for (;;) {
            changed_.wait(lock, [this] { return begun_ >= count_ || begun_ < taken_ + most_ahead; });
            if (begun_ >= count_) return;
            const auto which = begun_++;
            lock.unlock();
            auto made = make(which);
            lock.lock();
            ready_.emplace(which, std::move(made));
            changed_.notify_all();
        }
    }

    std::size_t count_;
    const maker make_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t begun_ = 0, taken_ = 0;
    std::map<std::size_t, result<T>> ready_;
    std::vector<std::jthread> threads_;  ///< the last: they end before what they use
};

}  // namespace larder::net
