#include <algorithm>
#include <site/known_changes.hpp>

namespace larder::net::site {

known_changes::changes known_changes::find(const pair& of) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(of);
    if (found == known_.end()) return nullptr;
    found->second.second = ++clock_;
    return found->second.first;
}

void known_changes::keep(const pair& of, changes what) {
    constexpr std::size_t most = 32;
    const std::lock_guard lock{mutex_};
    known_[of] = {std::move(what), ++clock_};
    if (known_.size() <= most) return;
    known_.erase(std::min_element(known_.begin(), known_.end(),
                                  [](const auto& a, const auto& b) { return a.second.second < b.second.second; }));
}

}  // namespace larder::net::site
