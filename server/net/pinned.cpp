#include "pinned.hpp"
#include "rescue.hpp"

namespace larder::net {
namespace {

/// A few machines' packages; each is some 200 bytes.
constexpr std::size_t most_remembered = 10'000;

}  // namespace

pinned_view::pinned_view(std::string what, const std::vector<pinned_suite>& suites, std::vector<sys_seconds> moments,
                         std::vector<std::string> architectures)
    : what_{std::move(what)}, architectures_{std::move(architectures)}, moments_{chosen_moments(std::move(moments))} {
    for (const auto& one : suites) {
        auto made = std::make_shared<suite>(one.name);
        for (auto state = one.states.rbegin(); state != one.states.rend(); ++state) made->push(*state);
        suites_.push_back(std::move(made));
    }
}

std::optional<pinned_view::found> pinned_view::remembered(std::string_view path) const {
    const std::lock_guard lock{mutex_};
    const auto known = found_.find(path);
    return known == found_.end() ? std::nullopt : std::optional{known->second};
}

void pinned_view::remember(std::string_view path, const found& what) const {
    const std::lock_guard lock{mutex_};
    if (found_.size() >= most_remembered) found_.clear();
    found_.insert_or_assign(std::string{path}, what);
}

}  // namespace larder::net
