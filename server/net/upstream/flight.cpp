#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <larder/net/flight.hpp>
#include <larder/store/catalogue.hpp>
#include <system_error>

namespace larder::net {
flight::state flight::look() const {
    const std::lock_guard lock{mutex_};
    return state_;
}

flight::state flight::enter(const std::shared_ptr<waiter>& w, std::uint64_t offset) {
    const std::lock_guard lock{mutex_};
    const bool ended = state_.now == state::phase::verified || state_.now == state::phase::failed;
    if (!ended && state_.readable <= offset) waiting_.add(w);
    return state_;
}

awaitable<std::optional<flight::state>> flight::beyond(std::shared_ptr<flight> me, std::uint64_t offset,
                                                       steady_point deadline) {
    const auto loop = co_await asio::this_coro::executor;
    for (;;) {
        const auto w = std::make_shared<waiter>(loop);
        const auto s = me->enter(w, offset);
        if (s.now == state::phase::verified || s.now == state::phase::failed || s.readable > offset) co_return s;
        const bool woken = co_await waiter::until(w, deadline);
        if (!woken) co_return std::nullopt;
    }
}

void flight::attach(int fd) {
    fd_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!fd_) throw std::system_error{errno, std::generic_category(), "no descriptor left for a download"};
}

void flight::head(std::optional<std::uint64_t> size, std::optional<sys_seconds> modified) {
    const std::lock_guard lock{mutex_};
    if (size_ != store::unknown_size) size = size_;
    if (size) state_.size = size;
    if (modified && !state_.modified) state_.modified = modified;
}

void flight::grew(std::uint64_t written) {
    const std::lock_guard lock{mutex_};
    // Without a size there is no tail to hold back: such a file is given out when it is verified.
    if (!state_.size) return;
    const auto limit = *state_.size - std::min(*state_.size, tail);
    const auto readable = std::min(written, limit);
    if (readable <= state_.readable) return;
    state_.now = state::phase::streaming;
    state_.readable = readable;
    waiting_.wake_all();
}

void flight::taken() {
    const std::lock_guard lock{mutex_};
    taken_ = true;
}

bool flight::restart() {
    const std::lock_guard lock{mutex_};
    if (taken_) return false;
    state_.now = state::phase::waiting;
    state_.readable = 0;
    state_.modified.reset();
    return true;
}

void flight::done(std::uint64_t size, sys_seconds modified) {
    const std::lock_guard lock{mutex_};
    state_.now = state::phase::verified;
    state_.size = size;
    state_.readable = size;
    state_.modified = modified;
    waiting_.wake_all();
}

void flight::fail(error why) {
    const std::lock_guard lock{mutex_};
    if (state_.now == state::phase::verified) return;
    state_.now = state::phase::failed;
    state_.why = std::move(why);
    waiting_.wake_all();
}

}  // namespace larder::net
