#pragma once

#include <chrono>
#include <larder/pockets/published_index.hpp>
#include <map>
#include <mutex>

namespace larder::net::publishing {

/// How far the hashes of published indices were, by the objects that hold their lists of chunks: some 40 KB for a large
/// one. The 256 that were used last. Thread-safe.
class known_marks {
public:
    using clock = std::chrono::steady_clock;

    /// Null when they are not known.
    pockets::form_marks_ptr find(const digest& object);
    void keep(const digest& object, pockets::form_marks_ptr marks);
    /// Lets go of what nobody asked for since.
    void forget(clock::time_point before);

private:
    struct entry {
        pockets::form_marks_ptr marks;
        clock::time_point asked;
    };
    std::mutex mutex_;
    std::map<digest, entry> known_;
};

}  // namespace larder::net::publishing
