#include <boost/asio/post.hpp>
#include <site/long_answers.hpp>

namespace larder::net::site {
namespace {

constexpr std::size_t most_at_once = 2;
constexpr std::size_t most_waiting = 32;

}  // namespace

long_answers::answer long_answers::begin(asio::thread_pool& pool, effort how_much, work what) {
    task one{std::move(what), std::make_shared<outcome<site_reply>>(), how_much};
    const auto to = one.to;
    const std::lock_guard lock{mutex_};
    if (stop_.stop_requested()) return nullptr;
    if (how_much == effort::computes && computing_ >= most_at_once) {
        if (waiting_.size() >= most_waiting) return nullptr;
        waiting_.push_back(std::move(one));
    } else {
        post(pool, std::move(one));
    }
    return to;
}

void long_answers::post(asio::thread_pool& pool, task one) {
    ++on_pool_;
    if (one.how_much == effort::computes) ++computing_;
    asio::post(pool, [this, &pool, one = std::move(one)] {
        one.to->set(one.what(stop_.get_token()));
        ended(pool, one.how_much);
    });
}

void long_answers::ended(asio::thread_pool& pool, effort how_much) {
    const std::lock_guard lock{mutex_};
    --on_pool_;
    if (how_much == effort::computes) --computing_;
    if (how_much == effort::computes && !waiting_.empty()) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        post(pool, std::move(next));
    }
    changed_.notify_all();
}

void long_answers::close() {
    std::deque<task> forgotten;
    {
        const std::lock_guard lock{mutex_};
        stop_.request_stop();
        forgotten.swap(waiting_);
    }
    for (const auto& one : forgotten) one.to->set(one.what(stop_.get_token()));
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return on_pool_ == 0; });
}

}  // namespace larder::net::site
