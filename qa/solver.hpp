#pragma once

#include "selection.hpp"
#include <compare>
#include <set>

namespace larder::qa::detail {

/// What a refutation rests on.
struct fact {
    enum class kind : std::uint8_t {
        dependency,  ///< `package` has the clause `other`
        conflict,    ///< `package` and the package `other` cannot be together; `package` is the lower id
    };
    kind what = kind::dependency;
    package_id package = 0;
    std::uint32_t other = 0;
    friend auto operator<=>(const fact&, const fact&) = default;
};

/// Whether there is a world with a package, decided for certain: a search that learns from each dead end
/// (conflict-driven clause learning: Marques-Silva and Sakallah, GRASP, 1999). Only what the package leads to is
/// looked at, and only as far as it was chosen. One package after the other, in the same object.
class solver {
public:
    enum class outcome { possible, impossible, given_up };

    /// `usable`, by id: the packages that may be chosen; looked at again at each search.
    solver(const package_table&, const std::vector<std::uint8_t>& usable);

    outcome solve(package_id root);
    /// After `possible`.
    world chosen() const;
    /// After `impossible`: facts that together rule the package out, perhaps more than it takes.
    std::set<fact> proof() const;
    /// From now on only these facts count; null: all. The set must stay.
    void count_only(const std::set<fact>* facts) noexcept { facts_ = facts; }
    /// From now on a search goes the same way whatever the order in which packages were read, which takes longer.
    void take_in_order() noexcept { in_order_ = true; }

private:
    using literal = std::uint32_t;  // 2 p: package p is there; 2 p + 1: it is not
    static literal is(package_id p) noexcept { return 2 * p; }
    static literal is_not(package_id p) noexcept { return 2 * p + 1; }
    static package_id package_in(literal l) noexcept { return l / 2; }

    /// Why a literal holds, or what cannot be: a clause, or that two packages conflict.
    struct cause {
        enum class kind : std::uint8_t { none, clause, conflict };
        kind what = kind::none;
        std::uint32_t a = 0, b = 0;  ///< the clause's number; or both packages
    };
    struct learnt_from {
        std::vector<cause> causes;
        std::vector<package_id> settled;  ///< packages of which it was known before any choice
    };
    struct row {
        std::vector<literal> literals;    ///< the first two are watched
        std::vector<literal> preference;  ///< of a dependency: the same, in the order in which they are preferred
        package_id owner = 0;
        std::uint32_t origin = 0;  ///< the clause of the table; of a learnt row its place in learnt_
        bool learnt = false;
    };
    struct node {
        std::int8_t value = 0;  ///< 1: there, -1: not
        bool touched = false, expanded = false, seen = false;
        std::uint32_t level = 0;
        std::uint32_t first_need = 0;  ///< where its dependencies begin, once expanded
        cause why;
    };

    void reset();
    void touch(package_id);
    int value(literal l) const noexcept;
    std::uint32_t level() const noexcept { return static_cast<std::uint32_t>(level_begins_.size()); }
    bool counts(const fact&) const;
    void assign(literal, cause);
    bool propagate();
    bool meet_enemies(package_id);
    bool meet(package_id, package_id enemy);
    bool visit_watchers(literal falsified);
    bool move_watch(row&, std::uint32_t number, literal falsified);
    bool expand(package_id);
    void add_row(package_id owner, clause_id);
    void watch(row&&);
    std::uint32_t rank(literal) const noexcept;
    void literals_of(const cause&, std::vector<literal>& out) const;
    std::uint32_t learn(row& made);
    void back_to(std::uint32_t level);
    bool choose();

    const package_table& table_;
    const std::vector<std::uint8_t>& usable_;
    const std::set<fact>* facts_ = nullptr;
    bool in_order_ = false;
    std::vector<node> nodes_;
    std::vector<std::vector<std::uint32_t>> watchers_;  ///< by literal: rows to look at when it becomes false
    std::vector<row> rows_;
    std::vector<std::uint32_t> needs_;  ///< the rows that are dependencies, in the order of discovery
    std::vector<learnt_from> learnt_;
    std::vector<literal> trail_;
    std::vector<std::size_t> level_begins_, need_at_;
    std::vector<package_id> touched_;
    std::size_t next_ = 0, need_ = 0;
    cause dead_end_;
};

}  // namespace larder::qa::detail
