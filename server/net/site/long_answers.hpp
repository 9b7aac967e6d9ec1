#pragma once

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <larder/net/reply.hpp>
#include <larder/net/waiting.hpp>
#include <memory>
#include <mutex>
#include <stop_token>

namespace larder::net::site {

/// What an answer takes.
enum class effort {
    at_once,   ///< what is in memory
    reads,     ///< some reads of the store: milliseconds
    computes,  ///< reads indices: a second or more
};

/// Answers that are made on the pool. Those that compute take turns: two at once, so that the pool is left to what
/// clients wait for, and at most 32 wait. Thread-safe.
class long_answers {
public:
    /// Asked to stop, also before it begins, it should end soon.
    using work = std::function<site_reply(const std::stop_token&)>;
    using answer = std::shared_ptr<outcome<site_reply>>;

    /// Null when too many wait already, or after close().
    answer begin(asio::thread_pool& pool, effort how_much, work what);
    /// Asks all to stop, and waits for those on the pool.
    void close();

private:
    struct task {
        work what;
        answer to;
        effort how_much = effort::reads;
    };
    void post(asio::thread_pool& pool, task one);
    void ended(asio::thread_pool& pool, effort how_much);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<task> waiting_;
    std::stop_source stop_;
    std::size_t on_pool_ = 0, computing_ = 0;
};

}  // namespace larder::net::site
