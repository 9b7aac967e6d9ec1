#pragma once

#include "pockets/chunk_contents.hpp"
#include "pockets/installable.hpp"
#include "pockets/known_marks.hpp"
#include "pockets/known_sources.hpp"
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace larder::net::publishing {

/// Tells one listener of promotions. Thread-safe; once listen({}) has returned nothing is told.
class promotion_news {
public:
    using listener = std::function<void(const std::string& target)>;

    void listen(listener who) {
        const std::lock_guard lock{mutex_};
        who_ = std::move(who);
    }
    void tell(const std::string& target) {
        const std::lock_guard lock{mutex_};
        if (who_) who_(target);
    }

private:
    std::mutex mutex_;
    listener who_;
};

/// What was found out for one publication and is of use for the next. All of it can be read again.
struct pocket_memory {
    using clock = std::chrono::steady_clock;
    /// So long after one is the next one quick.
    static constexpr std::chrono::minutes kept_for{30};

    known_contents contents;
    known_worlds worlds;
    known_sources sources;
    known_marks marks;
    promotion_news promotions;

    void forget(clock::time_point before) {
        contents.forget(before);
        worlds.forget(before);
        sources.forget(before);
        marks.forget(before);
    }
};

}  // namespace larder::net::publishing
