#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <larder/base/digest.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace larder::net::publishing {

/// What was found out of things that never change, by their hashes: the `Most` that were asked for last. Thread-safe.
template <class T, std::size_t Most>
class recently_asked {
public:
    using clock = std::chrono::steady_clock;
    using value = std::shared_ptr<const T>;

    /// Null when it is not known.
    value find(const digest& of) {
        const std::lock_guard lock{mutex_};
        const auto found = known_.find(of);
        if (found == known_.end()) return nullptr;
        found->second.asked = clock::now();
        return found->second.what;
    }
    void keep(const digest& of, value what) {
        const std::lock_guard lock{mutex_};
        known_.insert_or_assign(of, entry{std::move(what), clock::now()});
        if (known_.size() <= Most) return;
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; }));
    }
    /// Lets go of what nobody asked for since.
    void forget(clock::time_point before) {
        const std::lock_guard lock{mutex_};
        std::erase_if(known_, [&](const auto& one) { return one.second.asked < before; });
    }

private:
    struct entry {
        value what;
        clock::time_point asked;
    };
    std::mutex mutex_;
    std::map<digest, entry> known_;
};

}  // namespace larder::net::publishing
