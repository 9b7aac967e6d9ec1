#include "package_table.hpp"
#include <larder/index/version.hpp>

namespace larder::qa::detail {
namespace {

/// By what it says in place of which numbers it has, so that the order in which indices are read does not show.
template <class T, class F>
std::strong_ordering compare_lists(const std::vector<T>& a, const std::vector<T>& b, F&& order) {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), order);
}

}  // namespace

bool atom::asks_the_same(const atom& other) const noexcept {
    return version == other.version && relation == other.relation && architecture == other.architecture &&
           implicit_architecture == other.implicit_architecture && use == other.use;
}

bool package::same_as(const package& other) const noexcept {
    return name == other.name && version == other.version && architecture == other.architecture && all == other.all &&
           multi == other.multi && clauses == other.clauses && conflicts == other.conflicts &&
           provides == other.provides;
}

std::strong_ordering package_table::order_of_relations(const package& p, const package& q) const {
    if (const auto o = p.multi <=> q.multi; o != 0) return o;
    const auto by_clause = [&](clause_id a, clause_id b) { return text(clauses_[a].text) <=> text(clauses_[b].text); };
    if (const auto o = compare_lists(p.clauses, q.clauses, by_clause); o != 0) return o;
    const auto by_conflict = [&](const conflict& a, const conflict& b) {
        return a.breaks != b.breaks ? a.breaks <=> b.breaks : text(a.text) <=> text(b.text);
    };
    if (const auto o = compare_lists(p.conflicts, q.conflicts, by_conflict); o != 0) return o;
    const auto version = [&](text_id of) { return of == no_version ? std::string_view{} : text(of); };
    return compare_lists(p.provides, q.provides, [&](const provision& a, const provision& b) {
        if (a.name != b.name) return name_texts_[a.name] <=> name_texts_[b.name];
        if (a.version != b.version) return version(a.version) <=> version(b.version);
        return a.architecture <=> b.architecture;
    });
}

std::strong_ordering package_table::order(package_id a, package_id b) const {
    const auto &p = packages_[a], &q = packages_[b];
    if (p.name != q.name) return name_texts_[p.name] <=> name_texts_[q.name];
    if (p.version != q.version) {
        if (const auto o = index::compare_versions(text(q.version), text(p.version)); o != 0) return o;
        return text(p.version) <=> text(q.version);
    }
    if (p.architecture != q.architecture) return p.architecture <=> q.architecture;
    if (p.all != q.all) return p.all <=> q.all;
    return a == b ? std::strong_ordering::equal : order_of_relations(p, q);
}

}  // namespace larder::qa::detail
