#include "solver.hpp"
#include <algorithm>

namespace larder::qa::detail {

solver::solver(const package_table& table, const std::vector<std::uint8_t>& usable)
    : table_{table}, usable_{usable}, nodes_(table.size()), watchers_(2 * table.size()) {}

void solver::reset() {
    for (const auto p : touched_) {
        nodes_[p] = {};
        watchers_[is(p)].clear();
        watchers_[is_not(p)].clear();
    }
    touched_.clear();
    rows_.clear();
    needs_.clear();
    learnt_.clear();
    trail_.clear();
    level_begins_.clear();
    need_at_.clear();
    next_ = need_ = 0;
    dead_end_ = {};
}

void solver::touch(package_id p) {
    auto& n = nodes_[p];
    if (n.touched) return;
    n.touched = true;
    touched_.push_back(p);
}

int solver::value(literal l) const noexcept {
    const int v = nodes_[package_in(l)].value;
    return (l & 1) != 0 ? -v : v;
}

bool solver::counts(const fact& f) const { return facts_ == nullptr || facts_->contains(f); }

void solver::assign(literal l, cause why) {
    touch(package_in(l));
    auto& n = nodes_[package_in(l)];
    n.value = (l & 1) != 0 ? -1 : 1;
    n.level = level();
    n.why = why;
    trail_.push_back(l);
}

bool solver::propagate() {
    while (next_ < trail_.size()) {
        const auto l = trail_[next_++];
        if ((l & 1) == 0 && !(expand(package_in(l)) && meet_enemies(package_in(l)))) return false;
        if (!visit_watchers(l ^ 1)) return false;
    }
    return true;
}

bool solver::meet_enemies(package_id p) {
    if (!in_order_) return !table_.any_enemy(p, [&](package_id q) { return !meet(p, q); });
    std::vector<package_id> all;
    table_.any_enemy(p, [&](package_id q) { return all.push_back(q), false; });
    std::sort(all.begin(), all.end(), [this](package_id a, package_id b) { return table_.preferred(a, b); });
    return std::all_of(all.begin(), all.end(), [&](package_id q) { return meet(p, q); });
}

/// False: both are there.
bool solver::meet(package_id p, package_id enemy) {
    const fact both{fact::kind::conflict, std::min(p, enemy), std::max(p, enemy)};
    if (usable_[enemy] == 0 || nodes_[enemy].value < 0 || !counts(both)) return true;
    const cause why{cause::kind::conflict, p, enemy};
    if (nodes_[enemy].value == 0) {
        assign(is_not(enemy), why);
        return true;
    }
    dead_end_ = why;
    return false;
}

bool solver::visit_watchers(literal falsified) {
    auto& all = watchers_[falsified];
    std::size_t kept = 0;
    bool fine = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto number = all[i];
        if (fine && move_watch(rows_[number], number, falsified)) continue;
        all[kept++] = number;
        if (fine) fine = dead_end_.what == cause::kind::none;
    }
    all.resize(kept);
    return fine;
}

/// True: another literal is watched in its place.
bool solver::move_watch(row& r, std::uint32_t number, literal falsified) {
    auto& l = r.literals;
    const cause why{cause::kind::clause, number, 0};
    if (l.size() == 1) {
        dead_end_ = why;
        return false;
    }
    if (l[0] == falsified) std::swap(l[0], l[1]);
    if (value(l[0]) > 0) return false;
    for (std::size_t i = 2; i < l.size(); ++i)
        if (value(l[i]) >= 0) {
            std::swap(l[1], l[i]);
            watchers_[l[1]].push_back(number);
            return true;
        }
    if (value(l[0]) < 0)
        dead_end_ = why;
    else
        assign(l[0], why);
    return false;
}

bool solver::expand(package_id p) {
    auto& n = nodes_[p];
    if (n.expanded) {
        need_ = std::min<std::size_t>(need_, n.first_need);
        return true;
    }
    n.expanded = true;
    n.first_need = static_cast<std::uint32_t>(needs_.size());
    for (const auto c : table_[p].clauses)
        if (counts({fact::kind::dependency, p, c})) add_row(p, c);
    return dead_end_.what == cause::kind::none;
}

void solver::add_row(package_id owner, clause_id of) {
    row made;
    made.owner = owner;
    made.origin = of;
    made.literals.push_back(is_not(owner));
    auto& l = made.literals;
    for (const auto a : table_.clause_of(of).atoms) {
        const auto from_others = l.size();
        for (const auto p : table_.atom_of(a).fits) {
            if (p == owner) return;  // it fulfils that itself
            const auto end = l.begin() + static_cast<std::ptrdiff_t>(from_others);
            if (usable_[p] != 0 && std::find(l.begin(), end, is(p)) == end) l.push_back(is(p));
        }
    }
    needs_.push_back(static_cast<std::uint32_t>(rows_.size()));
    watch(std::move(made));
}

std::uint32_t solver::rank(literal l) const noexcept {
    return value(l) >= 0 ? ~std::uint32_t{0} : nodes_[package_in(l)].level;
}

/// Adds a row in the middle of a search: the two literals that are undone first are watched. Its order is that of
/// preference, which choose() goes by; so the row is kept in it apart.
void solver::watch(row&& made) {
    const auto number = static_cast<std::uint32_t>(rows_.size());
    made.preference = made.literals;
    auto& l = made.literals;
    for (std::size_t place = 0; place < std::min<std::size_t>(2, l.size()); ++place)
        for (std::size_t i = place + 1; i < l.size(); ++i)
            if (rank(l[i]) > rank(l[place])) std::swap(l[i], l[place]);
    for (const auto one : l) touch(package_in(one));
    for (std::size_t place = 0; place < std::min<std::size_t>(2, l.size()); ++place)
        watchers_[l[place]].push_back(number);
    const cause why{cause::kind::clause, number, 0};
    const bool alone = l.size() == 1 || value(l[1]) < 0;
    if (value(l[0]) < 0 && dead_end_.what == cause::kind::none) dead_end_ = why;
    if (value(l[0]) == 0 && alone) assign(l[0], why);
    rows_.push_back(std::move(made));
}

void solver::literals_of(const cause& why, std::vector<literal>& out) const {
    out.clear();
    if (why.what == cause::kind::clause) out = rows_[why.a].literals;
    if (why.what == cause::kind::conflict) out = {is_not(why.a), is_not(why.b)};
}

/// Turns the dead end into a row that would have prevented it, and returns the level at which it does (the first
/// unique implication point). Its first literal is the one that follows there.
std::uint32_t solver::learn(row& made) {
    learnt_from from;
    std::vector<literal> literals;
    made.literals.assign(1, 0);
    std::size_t open = 0, at = trail_.size();
    for (auto why = dead_end_;;) {
        from.causes.push_back(why);
        literals_of(why, literals);
        for (const auto l : literals) {
            auto& n = nodes_[package_in(l)];
            if (value(l) > 0 || n.seen) continue;
            n.seen = true;
            if (n.level == 0) from.settled.push_back(package_in(l));
            if (n.level == level()) ++open;
            if (n.level != 0 && n.level != level()) made.literals.push_back(l);
        }
        do --at;
        while (!nodes_[package_in(trail_[at])].seen || nodes_[package_in(trail_[at])].level != level());
        nodes_[package_in(trail_[at])].seen = false;
        made.literals[0] = trail_[at] ^ 1;
        if (--open == 0) break;
        why = nodes_[package_in(trail_[at])].why;
    }
    std::uint32_t back = 0;
    for (std::size_t i = 1; i < made.literals.size(); ++i) {
        nodes_[package_in(made.literals[i])].seen = false;
        back = std::max(back, nodes_[package_in(made.literals[i])].level);
    }
    for (const auto p : from.settled) nodes_[p].seen = false;
    made.learnt = true;
    made.origin = static_cast<std::uint32_t>(learnt_.size());
    learnt_.push_back(std::move(from));
    return back;
}

void solver::back_to(std::uint32_t to) {
    if (to >= level()) return;
    const auto begin = level_begins_[to];
    for (auto i = trail_.size(); i-- > begin;) {
        auto& n = nodes_[package_in(trail_[i])];
        n.value = 0;
        n.why = {};
    }
    need_ = std::min(need_, need_at_[to]);
    trail_.resize(begin);
    level_begins_.resize(to);
    need_at_.resize(to);
    next_ = begin;
}

/// Fulfils the first dependency that is open with the first package that can be had; false: none is open.
bool solver::choose() {
    for (; need_ < needs_.size(); ++need_) {
        const auto& r = rows_[needs_[need_]];
        const auto holds = [this](literal l) { return value(l) > 0; };
        if (std::any_of(r.literals.begin(), r.literals.end(), holds) || nodes_[r.owner].value <= 0) continue;
        for (const auto l : r.preference) {
            if (value(l) != 0) continue;
            level_begins_.push_back(trail_.size());
            need_at_.push_back(need_);
            assign(l, {});
            return true;
        }
    }
    return false;
}

solver::outcome solver::solve(package_id root) {
    reset();
    assign(is(root), {});
    for (std::uint64_t dead_ends = 0;;) {
        if (propagate()) {
            if (!choose()) return outcome::possible;
            continue;
        }
        if (level() == 0) return outcome::impossible;
        if (++dead_ends > search_limit) return outcome::given_up;
        row made;
        const auto back = learn(made);
        dead_end_ = {};
        back_to(back);
        watch(std::move(made));
    }
}

world solver::chosen() const {
    world made;
    for (const auto l : trail_)
        if ((l & 1) == 0) made.push_back(package_in(l));
    std::sort(made.begin(), made.end());
    return made;
}

std::set<fact> solver::proof() const {
    std::set<fact> made;
    std::vector<cause> open{dead_end_};
    std::vector<bool> learnt_seen(learnt_.size());
    std::set<package_id> settled;
    std::vector<literal> literals;
    const auto settle = [&](package_id p) {
        if (settled.insert(p).second) open.push_back(nodes_[p].why);
    };
    while (!open.empty()) {
        const auto why = open.back();
        open.pop_back();
        if (why.what == cause::kind::conflict)
            made.insert({fact::kind::conflict, std::min(why.a, why.b), std::max(why.a, why.b)});
        if (why.what == cause::kind::clause && !rows_[why.a].learnt)
            made.insert({fact::kind::dependency, rows_[why.a].owner, rows_[why.a].origin});
        if (why.what == cause::kind::clause && rows_[why.a].learnt && !learnt_seen[rows_[why.a].origin]) {
            learnt_seen[rows_[why.a].origin] = true;
            const auto& from = learnt_[rows_[why.a].origin];
            open.insert(open.end(), from.causes.begin(), from.causes.end());
            for (const auto p : from.settled) settle(p);
        }
        literals_of(why, literals);
        for (const auto l : literals)
            if (nodes_[package_in(l)].level == 0) settle(package_in(l));
    }
    return made;
}

}  // namespace larder::qa::detail
