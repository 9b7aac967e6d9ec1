#pragma once

#include "pockets/chunk_contents.hpp"
#include "pockets/installable.hpp"
#include "pockets/known_sources.hpp"

namespace larder::net::publishing {

/// What was read for one promotion and is of use for the next. All of it can be read again.
struct pocket_memory {
    using clock = std::chrono::steady_clock;
    /// So long after a promotion is the next one quick.
    static constexpr std::chrono::minutes kept_for{30};

    known_contents contents;
    known_worlds worlds;
    known_sources sources;

    void forget(clock::time_point before) {
        contents.forget(before);
        worlds.forget(before);
        sources.forget(before);
    }
};

}  // namespace larder::net::publishing
