#pragma once

#include "text_pool.hpp"
#include <larder/base/result.hpp>
#include <larder/index/deb822.hpp>
#include <larder/qa/installability.hpp>
#include <larder/qa/relation.hpp>
#include <string>
#include <vector>

// The packages of a universe, with what each relation fits worked out once: a relation ("libc6 (>= 2.34)") is
// compared with each package of its name a single time, however many packages have it.

namespace larder::qa::detail {

using text_id = text_pool::id;
using name_id = std::uint32_t;
using atom_id = std::uint32_t;
using clause_id = std::uint32_t;
using arch_id = std::uint16_t;

inline constexpr text_id no_version = ~text_id{0};
inline constexpr arch_id arch_any = 0xffff;    ///< ":any"
inline constexpr arch_id arch_other = 0xfffe;  ///< one that no package of the universe can have

enum class multi_arch : std::uint8_t { no, same, foreign, allowed };
enum class sign : std::uint8_t { depends, conflicts };

/// That a package is something: under its own name in its version, or under one that it provides.
struct candidate {
    package_id package = 0;
    text_id version = no_version;
    arch_id architecture = 0;
    bool provided = false;
};

struct name_entry {
    std::vector<candidate> candidates;  ///< in the order in which they are preferred
    std::vector<atom_id> atoms;         ///< the relations that ask for this name
};

/// One alternative, or one name in Conflicts or Breaks.
struct atom {
    name_id name = 0;
    text_id version = no_version;
    std::string_view relation;  ///< "" or an operator: of static storage
    arch_id architecture = 0;
    bool implicit_architecture = true;
    sign use = sign::depends;
    std::vector<package_id> fits;      ///< the packages that it takes, in the order in which they are preferred
    std::vector<std::uint32_t> users;  ///< of depends: clauses; of conflicts: packages

    /// Of two of one name.
    bool asks_the_same(const atom&) const noexcept;
};

/// A group of alternatives, as packages of one architecture have it.
struct clause {
    text_id text = 0;
    std::vector<atom_id> atoms;
    std::vector<package_id> dependants;
};

struct conflict {
    atom_id with = 0;
    text_id text = 0;
    bool breaks = false;
    friend bool operator==(const conflict&, const conflict&) = default;
};

struct provision {
    name_id name = 0;
    text_id version = no_version;
    arch_id architecture = 0;
    friend bool operator==(const provision&, const provision&) = default;
};

struct package {
    name_id name = 0;
    text_id version = 0;
    arch_id architecture = 0;  ///< of "all": the native one
    bool all = false;
    multi_arch multi = multi_arch::no;
    std::vector<clause_id> clauses;
    std::vector<conflict> conflicts;
    std::vector<provision> provides;
    std::vector<atom_id> depended;    ///< the depends-atoms that it fits
    std::vector<atom_id> conflicted;  ///< the conflicts-atoms that it fits

    bool same_as(const package&) const noexcept;
};

class package_table {
public:
    explicit package_table(architectures);

    /// One stanza of a text that so many lines stand before; its id is added to `out`, or it is counted there.
    result<void> add(const index::stanza&, std::size_t lines_before, index_reading& out);

    const package& operator[](package_id p) const noexcept { return packages_[p]; }
    std::size_t size() const noexcept { return packages_.size(); }
    const name_entry& name(name_id n) const noexcept { return names_[n]; }
    const atom& atom_of(atom_id a) const noexcept { return atoms_[a]; }
    const clause& clause_of(clause_id c) const noexcept { return clauses_[c]; }
    std::string_view text(text_id t) const noexcept { return texts_[t]; }
    package_key key(package_id) const;

    /// By name, then the highest version, then the native architecture. Relations decide where nothing else differs,
    /// so that ids do not.
    std::strong_ordering order(package_id, package_id) const;
    bool preferred(package_id a, package_id b) const { return order(a, b) < 0; }
    /// Whether the two cannot be there together, for having one name.
    bool exclude(package_id, package_id) const;
    /// Calls `seen(q)` for every package that cannot be installed with p, until it returns true: then so does this.
    /// Some may come twice.
    template <class F>
    bool any_enemy(package_id p, F&& seen) const;

private:
    result<package> read_stanza(const index::stanza&, arch_id own);
    result<void> read_clauses(std::string_view field, arch_id own, std::vector<clause_id>&);
    result<void> read_conflicts(std::string_view field, bool breaks, std::vector<conflict>&);
    result<void> read_provides(std::string_view field, arch_id own, std::vector<provision>&);
    result<clause_id> clause_for(std::string_view group, arch_id dependent);
    result<atom_id> atom_for(const alternative&, sign, arch_id dependent);
    arch_id architecture(std::string_view);
    name_id name_of(std::string_view);
    result<package_id> keep(package&&);
    result<void> add_candidate(name_id, const candidate&);
    bool fits(const atom&, const candidate&) const;
    void link(atom_id, const candidate&);
    std::strong_ordering order_of_relations(const package&, const package&) const;

    text_pool architecture_texts_;  ///< those that the machines have first, and of them the native one
    std::size_t known_;             ///< how many the machines have
    text_pool texts_, name_texts_;
    std::vector<name_entry> names_;
    std::vector<atom> atoms_;
    std::vector<clause> clauses_;
    std::vector<package> packages_;
    std::unordered_map<std::uint64_t, clause_id> clause_ids_;  ///< by text and architecture
};

template <class F>
bool package_table::any_enemy(package_id p, F&& seen) const {
    const auto& self = packages_[p];
    for (const auto& c : names_[self.name].candidates)
        if (!c.provided && c.package != p && exclude(p, c.package) && seen(c.package)) return true;
    // A package that conflicts with its own name means others that provide it (dpkg, src/main/depcon.c).
    const auto other = [&](package_id q) { return packages_[q].name != self.name; };
    for (const auto& c : self.conflicts)
        for (const auto q : atoms_[c.with].fits)
            if (other(q) && seen(q)) return true;
    for (const auto a : self.conflicted)
        for (const auto q : atoms_[a].users)
            if (other(q) && seen(q)) return true;
    return false;
}

}  // namespace larder::qa::detail
