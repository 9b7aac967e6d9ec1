#include "deployments/rounds.hpp"
#include <utility>

namespace larder::net::pinning {

rounds::rounds(one_round round, std::function<void()> woken)
    : round_{std::move(round)}, woken_told_{std::move(woken)}, thread_{[this](const std::stop_token& stop) {
          run(stop);
      }} {}

void rounds::wake() {
    {
        const std::lock_guard lock{mutex_};
        woken_ = true;
    }
    changed_.notify_one();
}

void rounds::run(const std::stop_token& stop) {
    auto next = clock::time_point::max();
    while (!stop.stop_requested()) {
        wait(next, stop);
        if (!stop.stop_requested()) next = round_(stop);
    }
}

void rounds::wait(clock::time_point next, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    const auto due = [this] { return woken_; };
    if (next == clock::time_point::max())
        changed_.wait(lock, stop, due);
    else
        changed_.wait_until(lock, stop, next, due);
    const bool woken = std::exchange(woken_, false);
    lock.unlock();
    if (woken) woken_told_();
}

}  // namespace larder::net::pinning
