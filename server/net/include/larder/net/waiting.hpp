#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace larder::net {

namespace asio = boost::asio;
template <class T>
using awaitable = asio::awaitable<T>;
using steady_point = std::chrono::steady_clock::time_point;

/// The steady clock as of the kernel's last tick, a few milliseconds ago: for deadlines of seconds that are set
/// with every request.
inline steady_point about_now() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return steady_point{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

/// One coroutine's wait for something that another thread does. Made on the coroutine's own loop
/// (one thread a loop: `woken` is only touched there).
class waiter {
public:
    explicit waiter(const asio::any_io_executor& loop) : timer_{loop} {}

    /// Ends the wait; from any thread, any number of times.
    static void wake(const std::shared_ptr<waiter>& w) {
        asio::post(w->timer_.get_executor(), [w] {
            w->woken_ = true;
            w->timer_.cancel();
        });
    }

    /// True when woken, false when the deadline came first.
    static awaitable<bool> until(std::shared_ptr<waiter> w, steady_point deadline) {
        if (w->woken_) co_return true;
        w->timer_.expires_at(deadline);
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await w->timer_.async_wait(token);
        co_return w->woken_;
    }

private:
    asio::steady_timer timer_;
    bool woken_ = false;
};

/// Those who wait for the same thing. Guarded by the mutex of whatever they wait for. A waiter belongs
/// to its coroutine: one that has left, or whose loop is gone, is not woken.
class wait_list {
public:
    void add(const std::shared_ptr<waiter>& w) {
        if (waiting_.size() >= look_at_) {
            std::erase_if(waiting_, [](const auto& one) { return one.expired(); });
            look_at_ = std::max(least_, waiting_.size() * 2);
        }
        waiting_.push_back(w);
    }
    void wake_all() {
        for (auto& one : waiting_)
            if (auto w = one.lock()) waiter::wake(w);
        waiting_.clear();
    }
    std::size_t size() const noexcept { return waiting_.size(); }

private:
    static constexpr std::size_t least_ = 16;

    std::vector<std::weak_ptr<waiter>> waiting_;
    std::size_t look_at_ = least_;  ///< with so many, those that have left are taken out
};

/// A value that is set once, on any thread, and awaited by any number of coroutines on any loops:
/// what makes a hundred askers share one piece of work.
template <class T>
class outcome {
public:
    void set(T value) {
        const std::lock_guard lock{mutex_};
        if (!value_) value_.emplace(std::move(value));
        waiting_.wake_all();
    }

    bool ready() const {
        const std::lock_guard lock{mutex_};
        return value_.has_value();
    }

    /// A copy of the value, or nothing when the deadline came first.
    static awaitable<std::optional<T>> get(std::shared_ptr<outcome> me, steady_point deadline) {
        const auto loop = co_await asio::this_coro::executor;
        for (;;) {
            std::shared_ptr<waiter> w;
            {
                const std::lock_guard lock{me->mutex_};
                if (me->value_) co_return me->value_;
                w = std::make_shared<waiter>(loop);
                me->waiting_.add(w);
            }
            const bool woken = co_await waiter::until(w, deadline);
            if (!woken) co_return std::nullopt;
        }
    }

private:
    mutable std::mutex mutex_;
    std::optional<T> value_;
    wait_list waiting_;
};

/// A deadline far enough away to mean none.
inline steady_point no_deadline() { return std::chrono::steady_clock::now() + std::chrono::hours{24 * 365}; }

}  // namespace larder::net
