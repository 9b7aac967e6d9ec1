#include "held.hpp"

namespace larder::net {
namespace {

/// Some 60 bytes each; beyond it the memory of what is held already starts anew.
constexpr std::size_t most_remembered = 500'000;

}  // namespace

void held_list::note(const std::string& deployment, const store::held_object& what) {
    const std::lock_guard lock{mutex_};
    if (passes_ > 0) kept_since_.insert(what.content);
    if (remembered_ >= most_remembered) {
        known_.clear();
        remembered_ = 0;
    }
    if (!known_[deployment].insert(what.content).second) return;
    ++remembered_;
    pending_[deployment].push_back(what);
}

bool held_list::pending() const {
    const std::lock_guard lock{mutex_};
    return !pending_.empty();
}

held_list::pass::pass(held_list& of) : of_{of} {
    const std::lock_guard lock{of_.mutex_};
    ++of_.passes_;
}

held_list::pass::~pass() {
    const std::lock_guard lock{of_.mutex_};
    if (--of_.passes_ == 0) of_.kept_since_.clear();
}

held_list::staging::~staging() {
    const std::lock_guard lock{of_.mutex_};
    for (const auto& one : all_) of_.staged_.erase(of_.staged_.find(one));
}

void held_list::staging::add(const digest& content) {
    const std::lock_guard lock{of_.mutex_};
    of_.staged_.insert(content);
    all_.push_back(content);
}

void held_list::keep(const digest& content) {
    const std::lock_guard lock{mutex_};
    if (passes_ > 0) kept_since_.insert(content);
}

result<bool> held_list::remove_unless_kept(const digest& content) {
    const std::lock_guard lock{mutex_};
    if (kept_since_.contains(content) || staged_.contains(content)) return false;
    LARDER_CHECK(parts_.store.objects().remove(content));
    return true;
}

result<void> held_list::flush() {
    const std::lock_guard one_at_a_time{flushing_};
    decltype(pending_) all;
    {
        const std::lock_guard lock{mutex_};
        all.swap(pending_);
    }
    for (auto one = all.begin(); one != all.end(); ++one) {
        const auto written = parts_.store.holds().add(one->first, one->second);
        if (written) continue;
        const std::lock_guard lock{mutex_};
        for (; one != all.end(); ++one) {
            auto& back = pending_[one->first];
            back.insert(back.end(), one->second.begin(), one->second.end());
        }
        return written;
    }
    return {};
}

void held_list::forget(const std::string& deployment) {
    const std::lock_guard lock{mutex_};
    known_.erase(deployment);
    pending_.erase(deployment);
}

}  // namespace larder::net
