#include "pockets/known_sources.hpp"
#include <algorithm>

namespace larder::net::publishing {

std::shared_ptr<const source_versions> known_sources::find(const digest& state) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(state);
    if (found == known_.end()) return nullptr;
    found->second.asked = clock::now();
    return found->second.sources;
}

void known_sources::keep(const digest& state, std::shared_ptr<const source_versions> what) {
    constexpr std::size_t most = 64;
    const std::lock_guard lock{mutex_};
    known_[state] = {std::move(what), clock::now()};
    if (known_.size() <= most) return;
    known_.erase(std::min_element(known_.begin(), known_.end(),
                                  [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; }));
}

void known_sources::forget(clock::time_point before) {
    const std::lock_guard lock{mutex_};
    std::erase_if(known_, [&](const auto& one) { return one.second.asked < before; });
}

}  // namespace larder::net::publishing
