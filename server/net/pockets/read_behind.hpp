#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>
#include <mutex>
#include <set>
#include <string>

namespace larder::net::publishing {

/// Reads what a promotion has changed in its target as soon as it is done, on a thread of its own, so that the next one
/// finds it read (pocket_memory.hpp). What fails is left to that one, which tells it.
class read_behind {
public:
    explicit read_behind(engine& e);
    ~read_behind();
    read_behind(const read_behind&) = delete;
    read_behind& operator=(const read_behind&) = delete;

private:
    pinning::rounds::clock::time_point round(const std::stop_token& stop);
    result<void> read(const std::string& pocket);

    engine& e_;
    std::mutex mutex_;
    std::set<std::string> due_;
    pinning::rounds rounds_;  ///< the last: it ends before what it looks at
};

}  // namespace larder::net::publishing
