#pragma once

#include <chrono>
#include <larder/base/digest.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace larder::net::publishing {

/// Source packages of a pocket, and their versions, by name.
using source_versions = std::vector<std::pair<std::string, std::string>>;

/// What sources states of pockets have, from one question to the next: a state never changes, and to read one of
/// 63,000 packages takes a second. The 64 that were asked for last. Thread-safe.
class known_sources {
public:
    using clock = std::chrono::steady_clock;

    /// Null when it is not known.
    std::shared_ptr<const source_versions> find(const digest& state);
    void keep(const digest& state, std::shared_ptr<const source_versions> what);
    /// Lets go of what nobody asked for since.
    void forget(clock::time_point before);

private:
    struct entry {
        std::shared_ptr<const source_versions> sources;
        clock::time_point asked;
    };
    std::mutex mutex_;
    std::map<digest, entry> known_;
};

}  // namespace larder::net::publishing
