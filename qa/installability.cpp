#include "explaining.hpp"
#include "package_table.hpp"
#include "settling.hpp"
#include "witness.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/installability.hpp>

namespace larder::qa {

installability::installability(universe& of)
    : universe_{&of}, selection_{std::make_shared<const detail::selection>()} {}

installability::installability(universe& of, std::shared_ptr<const detail::selection> s)
    : universe_{&of}, selection_{std::move(s)} {}

installability installability::with(std::span<const package_id> removed, std::span<const package_id> added) const {
    auto next = std::make_shared<detail::selection>(*selection_);
    detail::settling{*universe_->table_, *next}.change(removed, added);
    return installability{*universe_, std::move(next)};
}

verdict installability::of(package_id p) const noexcept {
    if (!selection_->has(p)) return verdict::absent;
    if (selection_->installable(p)) return verdict::installable;
    return selection_->given_up[p] != 0 ? verdict::undecided : verdict::broken;
}

std::vector<package_id> installability::packages() const {
    std::vector<package_id> all;
    for (package_id p = 0; p < selection_->counts.size(); ++p)
        if (selection_->has(p)) all.push_back(p);
    return all;
}

std::vector<package_id> installability::broken() const {
    std::vector<package_id> all;
    for (package_id p = 0; p < selection_->counts.size(); ++p)
        if (selection_->has(p) && !selection_->installable(p)) all.push_back(p);
    const auto& table = *universe_->table_;
    std::sort(all.begin(), all.end(), [&](package_id a, package_id b) { return table.preferred(a, b); });
    return all;
}

explanation installability::explain(package_id p) const { return detail::explain(*universe_->table_, *selection_, p); }

std::vector<package_id> installability::witness(package_id p) const {
    if (!selection_->installable(p)) return {};
    return detail::part_of_world(*universe_->table_, *selection_->worlds[selection_->homes[p]], p);
}

bool installability::holds_together() const { return detail::holds_together(*universe_->table_, *selection_); }

namespace {

/// Of the packages that `before` has with this one's name and architecture, whether there is any and none of them is
/// installable.
bool was_broken_already(const detail::package_table& table, const installability& before, package_id p) {
    bool any = false;
    for (const auto& c : table.name(table[p].name).candidates) {
        if (c.provided || table[c.package].architecture != table[p].architecture) continue;
        const auto was = before.of(c.package);
        if (was == verdict::installable) return false;
        any = any || was != verdict::absent;
    }
    return any;
}

}  // namespace

std::vector<worsened> compare(const installability& before, const installability& after) {
    std::vector<worsened> all;
    for (const auto p : after.broken()) {
        const auto was = before.of(p);
        if (was == verdict::installable) all.push_back({worsened::kind::became, p});
        if (was != verdict::absent) continue;
        const bool already = was_broken_already(*after.universe_->table_, before, p);
        all.push_back({already ? worsened::kind::remained : worsened::kind::arrived, p});
    }
    return all;
}

}  // namespace larder::qa
