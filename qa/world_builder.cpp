#include "world_builder.hpp"
#include <algorithm>

namespace larder::qa::detail {

namespace {
constexpr std::size_t most_replacements = 4;  // that are tried for one that is gone
}

world_builder::world_builder(const package_table& table, const std::vector<std::uint8_t>& usable)
    : table_{table}, usable_{usable}, member_(table.size()), barred_(table.size()) {}

void world_builder::load(const world& from) {
    ++now_;
    members_.assign(from.begin(), from.end());
    for (const auto p : members_) member_[p] = now_;
}

bool world_builder::admissible(package_id p) const {
    return usable_[p] != 0 && barred_[p] != now_ && !table_.any_enemy(p, [this](package_id q) { return has(q); });
}

bool world_builder::fulfilled(const clause& c) const {
    for (const auto a : c.atoms)
        for (const auto p : table_.atom_of(a).fits)
            if (has(p)) return true;
    return false;
}

void world_builder::put(package_id p) {
    member_[p] = now_;
    members_.push_back(p);
}

bool world_builder::put_first(const clause& c) {
    for (const auto a : c.atoms)
        for (const auto p : table_.atom_of(a).fits)
            if (admissible(p)) {
                put(p);
                return true;
            }
    return false;
}

bool world_builder::add(package_id wanted) {
    if (has(wanted)) return true;
    if (!admissible(wanted)) return false;
    const auto before = members_.size();
    put(wanted);
    for (std::size_t i = before; i < members_.size(); ++i)
        for (const auto c : table_[members_[i]].clauses) {
            if (fulfilled(table_.clause_of(c)) || put_first(table_.clause_of(c))) continue;
            for (auto gone = before; gone < members_.size(); ++gone) member_[members_[gone]] = 0;
            members_.resize(before);
            return false;
        }
    return true;
}

void world_builder::leave(package_id p) {
    member_[p] = 0;
    barred_[p] = now_;
    left_.push_back(p);
}

void world_builder::mend(const clause& c) {
    const auto needs_it = [this](package_id p) { return has(p); };
    if (std::none_of(c.dependants.begin(), c.dependants.end(), needs_it) || fulfilled(c)) return;
    std::size_t tried = 0;
    for (const auto a : c.atoms)
        for (const auto p : table_.atom_of(a).fits)
            if (usable_[p] != 0 && tried++ < most_replacements && add(p)) return;
    for (const auto p : c.dependants)
        if (has(p)) leave(p);
}

void world_builder::replace(std::span<const package_id> gone, std::span<const package_id> come) {
    left_.clear();
    for (const auto p : gone)
        if (has(p)) leave(p);
    const auto replaced = left_;
    for (const auto p : come)
        for (const auto q : replaced)
            if (table_[p].name == table_[q].name) add(p);
    for (std::size_t i = 0; i < left_.size(); ++i)
        for (const auto a : table_[left_[i]].depended)
            for (const auto c : table_.atom_of(a).users) mend(table_.clause_of(c));
}

world world_builder::finish() const {
    world made;
    for (const auto p : members_)
        if (has(p)) made.push_back(p);
    std::sort(made.begin(), made.end());
    return made;
}

}  // namespace larder::qa::detail
