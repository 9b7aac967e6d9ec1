#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/net/engine.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace larder::net::site {

enum class job_state { queued, running, done, failed };
std::string_view to_string(job_state) noexcept;

/// A job as somebody who asks sees it.
struct job_view {
    std::string id;  ///< 16 hex digits, not repeated by a later process
    std::string kind;
    std::string options;  ///< JSON text, as it was started with
    job_state state = job_state::queued;
    progress how_far;
    std::string result;  ///< JSON text; only when done
    error why;           ///< only when failed
    sys_seconds created{};
    std::optional<sys_seconds> ended;
};

/// Long work on threads of its own, watched through the API. At most two jobs run at once; later ones
/// wait their turn. Ended jobs are kept for an hour, at most 100 of them. Thread-safe.
class job_board {
public:
    /// Runs on a worker; calls the sink from any thread, as often as it likes; should end soon
    /// (`cancelled`) once a stop is requested. Returns its result as JSON text. An exception is a
    /// failure of the job only.
    using work = std::function<result<std::string>(const progress_sink&, std::stop_token)>;

    explicit job_board(const wall_clock& clock) : clock_{clock} {}
    /// Requests a stop and waits for what runs.
    ~job_board();
    job_board(const job_board&) = delete;
    job_board& operator=(const job_board&) = delete;

    struct started {
        std::string id;
        bool joined = false;  ///< the same work was under way already: this is its id
    };
    /// `options` is canonical: the same kind with the same text is the same work. `refused` when too
    /// many wait already, `cancelled` after stop().
    /// `at_once` is for what is short and must not wait behind long work; one such job at a time. `aside` is for what
    /// waits most of the time: long work need not wait for it; 16 such jobs at a time.
    enum class turn { queue, at_once, aside };
    result<started> start(const std::string& kind, const std::string& options, work what, turn when = turn::queue);

    std::optional<job_view> find(std::string_view id) const;
    /// Newest first.
    std::vector<job_view> all() const;

    /// Asks what runs to end, and forgets what waits (it fails with `cancelled`). Does not wait.
    void stop();

private:
    struct job;

    void work_on(std::stop_token stop);
    result<started> start_aside(const std::shared_ptr<job>& one);
    void run(const std::shared_ptr<job>& one, const std::stop_token& stop);
    void finish(job&, result<std::string>);
    void forget_old();

    const wall_clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<job>> jobs_;  ///< oldest first
    bool stopped_ = false;
    std::vector<std::jthread> workers_;
    std::jthread at_once_;
    std::vector<std::pair<std::shared_ptr<job>, std::jthread>> aside_;
};

}  // namespace larder::net::site
