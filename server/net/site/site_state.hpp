#pragma once

#include <functional>
#include <larder/base/clock.hpp>
#include <memory>
#include <mutex>
#include <site/form_seal.hpp>
#include <site/job_kinds.hpp>
#include <site/jobs.hpp>
#include <site/known_changes.hpp>
#include <site/known_waiting.hpp>
#include <site/long_answers.hpp>
#include <vector>

namespace larder::net {

/// What the pages and the API remember: the jobs, the answers that are being made, and since when. The engine has one;
/// it must be gone (its jobs ended) before anything that jobs use. Thread-safe.
class site_state {
public:
    explicit site_state(const wall_clock& clock, std::vector<site::job_kind> kinds = site::all_kinds());

    site::job_board& jobs() noexcept { return jobs_; }
    const site::job_board& jobs() const noexcept { return jobs_; }
    site::long_answers& answers() noexcept { return answers_; }
    site::known_changes& changes() noexcept { return changes_; }
    site::known_waiting& waiting() noexcept { return waiting_; }
    const site::form_seal& seal() const noexcept { return seal_; }
    const std::vector<site::job_kind>& kinds() const noexcept { return kinds_; }
    sys_seconds started() const noexcept { return started_; }

    /// What POST /api/v1/reload does, on a job's thread. Without one it sends this process SIGHUP, and
    /// the outcome is only in the log.
    void on_reload(std::function<result<void>()> how);
    result<void> reload() const;

private:
    const sys_seconds started_;
    const std::vector<site::job_kind> kinds_;
    mutable std::mutex mutex_;
    std::function<result<void>()> reload_;
    site::known_changes changes_;
    site::known_waiting waiting_;
    const site::form_seal seal_;
    site::long_answers answers_;
    site::job_board jobs_;  ///< last: its threads end first
};

}  // namespace larder::net
