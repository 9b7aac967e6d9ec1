#include <algorithm>
#include <exception>
#include <larder/base/digest.hpp>
#include <site/jobs.hpp>
#include <sys/random.h>

namespace larder::net::site {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_at_once = 2;
constexpr std::size_t most_waiting = 20;
constexpr std::size_t most_aside = 16;
constexpr std::size_t most_kept = 100;
constexpr auto kept_for = 1h;

std::string new_id() {
    std::string raw(8, '\0');
    if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size()))
        throw std::runtime_error{"the kernel gives no random bytes"};
    return to_hex(raw);
}

}  // namespace

std::string_view to_string(job_state state) noexcept {
    switch (state) {
        case job_state::queued: return "queued";
        case job_state::running: return "running";
        case job_state::done: return "done";
        case job_state::failed: return "failed";
    }
    return "failed";
}

struct job_board::job {
    job_view view;
    work what;
    bool at_once = false, aside = false;

    bool under_way() const { return view.state == job_state::queued || view.state == job_state::running; }
};

job_board::~job_board() {
    stop();
    workers_.clear();  // joins
    aside_.clear();
    if (at_once_.joinable()) at_once_.join();
}

result<job_board::started> job_board::start(const std::string& kind, const std::string& options, work what, turn when) {
    const std::lock_guard lock{mutex_};
    if (stopped_) return error{errc::cancelled, "the server is stopping"};
    forget_old();
    std::size_t waiting = 0, under_way = 0;
    for (const auto& j : jobs_) {
        if (!j->under_way()) continue;
        if (j->view.kind == kind && j->view.options == options) return started{j->view.id, true};
        if (when == turn::at_once && j->at_once) return error{errc::refused, "a job that takes no turn is under way"};
        if (j->at_once || j->aside) continue;
        ++under_way;
        if (j->view.state == job_state::queued) ++waiting;
    }
    if (when == turn::queue && waiting >= most_waiting)
        return error{errc::refused, std::to_string(waiting) + " jobs wait already; try again when some have ended"};
    auto made = std::make_shared<job>();
    made->view.id = new_id();
    made->view.kind = kind;
    made->view.options = options;
    made->view.how_far.doing = "waiting for its turn";
    made->view.created = clock_.now();
    made->what = std::move(what);
    if (when == turn::aside) return start_aside(made);
    jobs_.push_back(made);
    if (when == turn::at_once) {
        made->at_once = true;
        made->view.state = job_state::running;
        // The thread of the one before has ended but for its last instructions.
        at_once_ = std::jthread{[this, made](const std::stop_token& stop) { run(made, stop); }};
        return started{made->view.id, false};
    }
    if (workers_.size() < std::min(under_way + 1, most_at_once))
        workers_.emplace_back([this](std::stop_token stop) { work_on(std::move(stop)); });
    changed_.notify_one();
    return started{made->view.id, false};
}

/// With the mutex held.
result<job_board::started> job_board::start_aside(const std::shared_ptr<job>& one) {
    // The threads of those that have ended are at their last instructions.
    std::erase_if(aside_, [](const auto& other) { return !other.first->under_way(); });
    if (aside_.size() >= most_aside)
        return error{errc::refused, std::to_string(aside_.size()) + " jobs of the kind wait already; try again later"};
    one->aside = true;
    one->view.state = job_state::running;
    jobs_.push_back(one);
    aside_.emplace_back(one, std::jthread{[this, one](const std::stop_token& stop) { run(one, stop); }});
    return started{one->view.id, false};
}

void job_board::work_on(std::stop_token stop) {
    std::unique_lock lock{mutex_};
    for (;;) {
        std::shared_ptr<job> next;
        const auto waits = [&] {
            const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                            [](const auto& j) { return j->view.state == job_state::queued; });
            if (found != jobs_.end()) next = *found;
            return next != nullptr;
        };
        if (!changed_.wait(lock, stop, waits)) return;
        next->view.state = job_state::running;
        lock.unlock();
        run(next, stop);
        lock.lock();
    }
}

/// On a thread of its own; the job is marked as running.
void job_board::run(const std::shared_ptr<job>& one, const std::stop_token& stop) {
    work what;
    {
        const std::lock_guard lock{mutex_};
        one->view.how_far = {};
        what = std::move(one->what);
    }
    const progress_sink tell = [this, &one](const progress& p) {
        const std::lock_guard telling{mutex_};
        one->view.how_far = p;
    };
    result<std::string> how = error{errc::io, "did not run"};
    try {
        how = what(tell, stop);
    } catch (const std::exception& e) {
        how = error{errc::io, e.what()};
    }
    const std::lock_guard lock{mutex_};
    finish(*one, std::move(how));
}

/// With the mutex held.
void job_board::finish(job& j, result<std::string> how) {
    j.view.ended = clock_.now();
    if (how) {
        j.view.state = job_state::done;
        j.view.result = std::move(*how);
    } else {
        j.view.state = job_state::failed;
        j.view.why = how.error();
    }
}

/// With the mutex held.
void job_board::forget_old() {
    const auto now = clock_.now();
    auto ended = static_cast<std::size_t>(
        std::count_if(jobs_.begin(), jobs_.end(), [](const auto& j) { return !j->under_way(); }));
    std::erase_if(jobs_, [&](const auto& j) {
        if (j->under_way()) return false;
        const bool old = j->view.ended && now - *j->view.ended > kept_for;
        if (!old && ended <= most_kept) return false;
        --ended;
        return true;
    });
}

std::optional<job_view> job_board::find(std::string_view id) const {
    const std::lock_guard lock{mutex_};
    for (const auto& j : jobs_)
        if (j->view.id == id) return j->view;
    return {};
}

std::vector<job_view> job_board::all() const {
    const std::lock_guard lock{mutex_};
    std::vector<job_view> views;
    for (auto j = jobs_.rbegin(); j != jobs_.rend(); ++j) views.push_back((*j)->view);
    return views;
}

void job_board::stop() {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    for (auto& j : jobs_)
        if (j->view.state == job_state::queued)
            finish(*j, error{errc::cancelled, "the server stopped before its turn"});
    for (auto& w : workers_) w.request_stop();
    at_once_.request_stop();
    for (auto& [one, thread] : aside_) thread.request_stop();
}

}  // namespace larder::net::site
