#include "settling.hpp"
#include <algorithm>
#include <limits>

namespace larder::qa::detail {
namespace {

// A world that holds whatever can be put into it serves most packages; what is left over has small ones of its own.
constexpr std::uint32_t shared_worlds = 12;

}  // namespace

settling::settling(const package_table& table, selection& s)
    : table_{table}, s_{s}, usable_(table.size()), builder_{table, usable_} {
    s_.counts.resize(table.size());
    s_.homes.resize(table.size(), no_world);
    s_.given_up.resize(table.size());
}

void settling::change(std::span<const package_id> removed, std::span<const package_id> added) {
    count(removed, added);
    find_open();
    mend_worlds();
    rule_out_what_lacks();
    fill_worlds();
    search();
    forget_unused();
}

void settling::count(std::span<const package_id> removed, std::span<const package_id> added) {
    std::vector<package_id> touched{removed.begin(), removed.end()};
    touched.insert(touched.end(), added.begin(), added.end());
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::vector<bool> before;
    for (const auto p : touched) before.push_back(s_.has(p));
    for (const auto p : added)
        if (s_.counts[p] != std::numeric_limits<std::uint16_t>::max()) ++s_.counts[p];
    for (const auto p : removed)
        if (s_.counts[p] != 0) --s_.counts[p];
    for (std::size_t i = 0; i < touched.size(); ++i) {
        if (before[i] && !s_.has(touched[i])) gone_.push_back(touched[i]);
        if (!before[i] && s_.has(touched[i])) come_.push_back(touched[i]);
    }
    for (const auto p : gone_) s_.homes[p] = no_world;
}

/// What was added, and what was broken: that may be so no longer.
void settling::find_open() {
    for (package_id p = 0; p < s_.counts.size(); ++p) {
        usable_[p] = s_.has(p) ? 1 : 0;
        if (s_.has(p) && s_.homes[p] == no_world) open_.push_back(p);
        s_.given_up[p] = 0;
    }
}

/// The packages that have to leave a world join the open ones.
void settling::mend_worlds() {
    if (gone_.empty()) return;
    for (std::uint32_t i = 0; i < s_.worlds.size(); ++i) {
        if (!s_.worlds[i]) continue;
        const auto old = s_.worlds[i];
        const auto is_there = [&](package_id p) { return std::binary_search(old->begin(), old->end(), p); };
        if (std::none_of(gone_.begin(), gone_.end(), is_there)) continue;
        builder_.load(*old);
        builder_.replace(gone_, come_);
        for (const auto p : *old)
            if (s_.homes[p] == i && !builder_.has(p)) {
                s_.homes[p] = no_world;
                if (s_.has(p)) open_.push_back(p);
            }
        keep(i, builder_.finish());
    }
}

bool settling::can_be_fulfilled(clause_id of) const {
    for (const auto a : table_.clause_of(of).atoms)
        for (const auto p : table_.atom_of(a).fits)
            if (usable_[p] != 0) return true;
    return false;
}

void settling::rule_out(package_id p) {
    if (usable_[p] == 0 || s_.homes[p] != no_world) return;
    usable_[p] = 0;
    ruled_out_.push_back(p);
}

/// Of what is ruled out follows what needs it.
void settling::spread() {
    for (std::size_t i = 0; i < ruled_out_.size(); ++i)
        for (const auto a : table_[ruled_out_[i]].depended)
            for (const auto c : table_.atom_of(a).users) {
                if (can_be_fulfilled(c)) continue;
                for (const auto p : table_.clause_of(c).dependants) rule_out(p);
            }
    ruled_out_.clear();
}

void settling::rule_out_what_lacks() {
    for (const auto p : open_) {
        const auto& needs = table_[p].clauses;
        if (!std::all_of(needs.begin(), needs.end(), [this](clause_id c) { return can_be_fulfilled(c); })) rule_out(p);
    }
    spread();
}

void settling::keep(std::uint32_t number, world&& made) {
    if (number >= s_.worlds.size()) s_.worlds.resize(number + 1);
    for (const auto p : made)
        if (s_.homes[p] == no_world) s_.homes[p] = number;
    s_.worlds[number] = std::make_shared<const world>(std::move(made));
}

void settling::fill_worlds() {
    const auto is_done = [this](package_id p) { return s_.homes[p] != no_world || usable_[p] == 0; };
    for (std::uint32_t i = 0; i < shared_worlds; ++i) {
        std::erase_if(open_, is_done);
        if (open_.empty()) return;
        const bool is_new = i >= s_.worlds.size() || !s_.worlds[i];
        builder_.load(is_new ? world{} : *s_.worlds[i]);
        bool more = false;
        for (const auto p : open_) more = builder_.add(p) || more;
        if (more) keep(i, builder_.finish());
    }
    std::erase_if(open_, is_done);
}

void settling::search() {
    std::sort(open_.begin(), open_.end(), [this](package_id a, package_id b) { return table_.preferred(a, b); });
    std::vector<package_id> given_up;
    for (const auto p : open_) {
        if (s_.homes[p] != no_world || usable_[p] == 0) continue;
        if (!solver_) solver_.emplace(table_, usable_);
        const auto found = solver_->solve(p);
        if (found == solver::outcome::possible) keep(free_number(), solver_->chosen());
        if (found == solver::outcome::given_up) given_up.push_back(p);
        if (found != solver::outcome::impossible) continue;
        rule_out(p);
        spread();
    }
    for (const auto p : given_up) s_.given_up[p] = s_.homes[p] == no_world && usable_[p] != 0 ? 1 : 0;
}

std::uint32_t settling::free_number() {
    auto number = std::max<std::uint32_t>(shared_worlds, first_free_);
    while (number < s_.worlds.size() && s_.worlds[number]) ++number;
    first_free_ = number + 1;
    return number;
}

/// Worlds that are nobody's home: a package may have come into another.
void settling::forget_unused() {
    std::vector<bool> used(s_.worlds.size());
    for (const auto home : s_.homes)
        if (home != no_world) used[home] = true;
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) s_.worlds[i] = nullptr;
}

}  // namespace larder::qa::detail
