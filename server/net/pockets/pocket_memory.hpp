#pragma once

#include "pockets/chunk_contents.hpp"
#include "pockets/installable.hpp"
#include "pockets/recently_asked.hpp"
#include <functional>
#include <larder/pockets/published_index.hpp>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace larder::net::publishing {

/// Source packages of a pocket, and their versions, by name.
using source_versions = std::vector<std::pair<std::string, std::string>>;
/// What sources states of pockets have, by the state: to read one of 63,000 packages takes a second.
using known_sources = recently_asked<source_versions, 64>;
/// How far the hashes of published indices were, by the objects that hold their lists of chunks: some 40 KB for a large
/// one.
using known_marks = recently_asked<pockets::form_marks, 256>;

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
