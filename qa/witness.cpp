#include "witness.hpp"
#include <algorithm>
#include <set>

namespace larder::qa::detail {
namespace {

bool has(const world& w, package_id p) { return std::binary_search(w.begin(), w.end(), p); }

/// The first of the world that fulfils it; a package that fulfils its own need stands in front.
const package_id* fulfilling(const package_table& table, const world& w, clause_id of, package_id self) {
    const package_id* first = nullptr;
    for (const auto a : table.clause_of(of).atoms)
        for (const auto& p : table.atom_of(a).fits) {
            if (p == self) return &p;
            if (first == nullptr && has(w, p)) first = &p;
        }
    return first;
}

bool consistent(const package_table& table, const selection& s, const world& w) {
    return std::all_of(w.begin(), w.end(), [&](package_id p) {
        const auto& needs = table[p].clauses;
        const auto met = [&](clause_id c) { return fulfilling(table, w, c, p) != nullptr; };
        const auto there = [&](package_id q) { return has(w, q); };
        return s.has(p) && std::all_of(needs.begin(), needs.end(), met) && !table.any_enemy(p, there);
    });
}

}  // namespace

std::vector<package_id> part_of_world(const package_table& table, const world& w, package_id p) {
    std::vector<package_id> part{p};
    std::set<package_id> seen{p};
    for (std::size_t i = 0; i < part.size(); ++i) {
        const auto self = part[i];
        for (const auto c : table[self].clauses)
            if (const auto* q = fulfilling(table, w, c, self); q != nullptr && seen.insert(*q).second)
                part.push_back(*q);
    }
    return part;
}

bool holds_together(const package_table& table, const selection& s) {
    for (package_id p = 0; p < s.counts.size(); ++p) {
        if (!s.installable(p)) continue;
        const auto& home = s.worlds[s.homes[p]];
        if (!home || !has(*home, p)) return false;
    }
    return std::all_of(s.worlds.begin(), s.worlds.end(), [&](const auto& w) { return !w || consistent(table, s, *w); });
}

}  // namespace larder::qa::detail
