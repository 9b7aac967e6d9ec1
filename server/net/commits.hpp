#pragma once

#include <condition_variable>
#include <larder/store/objects.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace larder::net {

/// Objects on their way into the store, several at once, so that they share their fsyncs. One thread adds; it waits
/// when there are too many, each of which has a file open.
class commits {
public:
    static constexpr unsigned most_open = 256;

    explicit commits(store::object_store& objects) : objects_{objects} {}
    ~commits() { std::ignore = settle(); }
    commits(const commits&) = delete;
    commits& operator=(const commits&) = delete;

    /// The failure of one before is told now: nothing that follows counts.
    result<void> add(std::unique_ptr<store::incoming> file, const digest& expected, sys_seconds modified,
                     std::optional<store::provenance> from = {}) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ < most_open; });
        if (failure_) return *failure_;
        ++open_;
        lock.unlock();
        objects_.commit(std::move(file), expected, modified, counted(), std::move(from));
        return {};
    }

    /// Few enough for one batch; who is told when they are done is this.
    result<void> add_together(std::vector<store::object_store::arrival> all) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ < most_open; });
        if (failure_) return *failure_;
        open_ += static_cast<unsigned>(all.size());
        lock.unlock();
        for (auto& one : all) one.done = counted();
        objects_.commit_together(std::move(all));
        return {};
    }

    /// Waits for all; the first failure.
    result<void> settle() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ == 0; });
        if (failure_) return *failure_;
        return {};
    }

private:
    store::object_store::committed counted() {
        return [this](const result<digest>& how) {
            const std::lock_guard guard{mutex_};
            --open_;
            if (!how && !failure_) failure_ = how.error();
            changed_.notify_all();
        };
    }

    store::object_store& objects_;
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned open_ = 0;
    std::optional<error> failure_;
};

}  // namespace larder::net
