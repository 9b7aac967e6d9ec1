#include "explaining.hpp"
#include "solver.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <map>

namespace larder::qa::detail {
namespace {

constexpr std::size_t most_others = 8;  // that have a name, but do not fit: examples

/// The facts that lead from a package to where it fails, in the order of a reader who follows them.
class trail {
public:
    trail(const package_table& table, const selection& s, package_id root) : table_{table}, s_{s}, at_{root} {}

    std::vector<fact> in_order(const std::set<fact>& facts) {
        reach(at_);
        for (std::size_t i = 0; i < reached_.size(); ++i) follow(reached_[i], facts);
        add_conflicts(facts);
        return std::move(made_);
    }

private:
    void reach(package_id p) {
        if (places_.emplace(p, reached_.size()).second) reached_.push_back(p);
    }
    void follow(package_id p, const std::set<fact>& facts) {
        for (const auto c : table_[p].clauses) {
            const fact one{fact::kind::dependency, p, c};
            if (!facts.contains(one)) continue;
            made_.push_back(one);
            for (const auto a : table_.clause_of(c).atoms)
                for (const auto q : table_.atom_of(a).fits)
                    if (s_.has(q)) reach(q);
        }
    }
    void add_conflicts(const std::set<fact>& facts) {
        std::map<std::pair<std::size_t, std::size_t>, fact> sorted;
        for (const auto& one : facts) {
            if (one.what != fact::kind::conflict) continue;
            const auto a = places_.find(one.package), b = places_.find(one.other);
            if (a != places_.end() && b != places_.end()) sorted.emplace(std::minmax(a->second, b->second), one);
        }
        for (const auto& [places, one] : sorted) made_.push_back(one);
    }

    const package_table& table_;
    const selection& s_;
    package_id at_;
    std::map<package_id, std::size_t> places_;
    std::vector<package_id> reached_;
    std::vector<fact> made_;
};

class explainer {
public:
    explainer(const package_table& table, const selection& s, package_id root)
        : table_{table}, s_{s}, root_{root}, usable_(table.size()), solver_{table, usable_} {
        for (package_id p = 0; p < usable_.size(); ++p) usable_[p] = s.has(p) ? 1 : 0;
        solver_.take_in_order();
    }

    explanation run() {
        explanation made{table_.key(root_), {}};
        if (solver_.solve(root_) != solver::outcome::impossible) return made;
        for (const auto& one : least(solver_.proof())) made.reasons.push_back(tell(one));
        return made;
    }

private:
    bool suffice(const std::set<fact>& facts) {
        solver_.count_only(&facts);
        return solver_.solve(root_) == solver::outcome::impossible;
    }

    /// Leaves out what can be left out, from the end.
    std::vector<fact> least(std::set<fact> facts) {
        if (suffice(facts)) facts = solver_.proof();
        const auto ordered = trail{table_, s_, root_}.in_order(facts);
        facts = {ordered.begin(), ordered.end()};
        for (auto one = ordered.rbegin(); one != ordered.rend(); ++one) {
            if (!facts.contains(*one)) continue;
            auto fewer = facts;
            fewer.erase(*one);
            if (!suffice(fewer)) continue;
            const auto used = solver_.proof();
            facts.clear();
            std::set_intersection(fewer.begin(), fewer.end(), used.begin(), used.end(),
                                  std::inserter(facts, facts.end()));
        }
        return trail{table_, s_, root_}.in_order(facts);
    }

    reason tell(const fact& f) const {
        return f.what == fact::kind::dependency ? tell_need(f.package, f.other) : tell_conflict(f.package, f.other);
    }

    reason tell_need(package_id p, clause_id of) const {
        const auto& c = table_.clause_of(of);
        reason made{reason::kind::needs, table_.key(p), printable(table_.text(c.text)), {}};
        for (const auto a : c.atoms)
            for (const auto q : table_.atom_of(a).fits)
                if (s_.has(q)) made.others.push_back(table_.key(q));
        if (!made.others.empty()) return made;
        made.what = reason::kind::lacks;
        for (const auto a : c.atoms)
            for (const auto& n : table_.name(table_.atom_of(a).name).candidates)
                if (s_.has(n.package) && made.others.size() < most_others) made.others.push_back(table_.key(n.package));
        return made;
    }

    reason tell_conflict(package_id p, package_id q) const {
        if (!table_.preferred(p, q)) std::swap(p, q);
        for (const auto& [self, other] : {std::pair{p, q}, std::pair{q, p}})
            for (const auto& c : table_[self].conflicts) {
                const auto& fits = table_.atom_of(c.with).fits;
                if (table_[p].name == table_[q].name || std::find(fits.begin(), fits.end(), other) == fits.end())
                    continue;
                const auto what = c.breaks ? reason::kind::breaks : reason::kind::conflicts;
                return {what, table_.key(self), printable(table_.text(c.text)), {table_.key(other)}};
            }
        return {reason::kind::excludes, table_.key(p), {}, {table_.key(q)}};
    }

    const package_table& table_;
    const selection& s_;
    package_id root_;
    std::vector<std::uint8_t> usable_;
    solver solver_;
};

}  // namespace

explanation explain(const package_table& table, const selection& s, package_id p) {
    if (!s.has(p) || s.installable(p)) return {p < table.size() ? table.key(p) : package_key{}, {}};
    return explainer{table, s, p}.run();
}

}  // namespace larder::qa::detail
