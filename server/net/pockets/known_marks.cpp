#include "pockets/known_marks.hpp"
#include <algorithm>

namespace larder::net::publishing {
namespace {

constexpr std::size_t most = 256;

}  // namespace

pockets::form_marks_ptr known_marks::find(const digest& object) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(object);
    if (found == known_.end()) return nullptr;
    found->second.asked = clock::now();
    return found->second.marks;
}

void known_marks::keep(const digest& object, pockets::form_marks_ptr marks) {
    const std::lock_guard lock{mutex_};
    known_.insert_or_assign(object, entry{std::move(marks), clock::now()});
    while (known_.size() > most)
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; }));
}

void known_marks::forget(clock::time_point before) {
    const std::lock_guard lock{mutex_};
    std::erase_if(known_, [&](const auto& one) { return one.second.asked < before; });
}

}  // namespace larder::net::publishing
