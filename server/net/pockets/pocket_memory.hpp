#pragma once

#include "pockets/chunk_contents.hpp"
#include "pockets/installable.hpp"
#include "pockets/known_marks.hpp"
#include "pockets/known_sources.hpp"

namespace larder::net::publishing {

/// What was found out for one publication and is of use for the next. All of it can be read again.
struct pocket_memory {
    using clock = std::chrono::steady_clock;
    /// So long after one is the next one quick.
    static constexpr std::chrono::minutes kept_for{30};

    known_contents contents;
    known_worlds worlds;
    known_sources sources;
    known_marks marks;

    void forget(clock::time_point before) {
        contents.forget(before);
        worlds.forget(before);
        sources.forget(before);
        marks.forget(before);
    }
};

}  // namespace larder::net::publishing
