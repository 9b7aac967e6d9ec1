#include "package_table.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/index/version.hpp>

namespace larder::qa::detail {
namespace {

constexpr std::size_t most_of_one_name = 10'000;
constexpr std::size_t most_packages = 4'000'000;

/// The same text, of static storage; "<" and ">" are of old, and mean "<=" and ">=".
std::string_view lasting(std::string_view relation) {
    if (relation == "<<") return "<<";
    if (relation == "<=" || relation == "<") return "<=";
    if (relation == "=") return "=";
    if (relation == ">=" || relation == ">") return ">=";
    return relation == ">>" ? ">>" : "";
}

multi_arch multi_arch_of(std::string_view value) {
    if (iequals(value, "same")) return multi_arch::same;
    if (iequals(value, "foreign")) return multi_arch::foreign;
    return iequals(value, "allowed") ? multi_arch::allowed : multi_arch::no;
}

template <class Collection, class Value>
bool holds(const Collection& all, const Value& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

package_table::package_table(architectures of) : known_{1 + of.foreign.size()} {
    architecture_texts_.intern(of.native);
    for (const auto& one : of.foreign) architecture_texts_.intern(one);
    known_ = architecture_texts_.size();
}

arch_id package_table::architecture(std::string_view name) {
    if (name == "any") return arch_any;
    if (name == "all") return 0;
    const auto made = architecture_texts_.intern(name);
    return made < arch_other ? static_cast<arch_id>(made) : arch_other;
}

name_id package_table::name_of(std::string_view text) {
    const auto made = name_texts_.intern(text);
    if (made >= names_.size()) names_.resize(made + 1);
    return made;
}

result<void> package_table::add(const index::stanza& s, std::size_t lines_before, index_reading& out) {
    const auto name = s.get("Package"), version = s.get("Version"), arch = s.get("Architecture");
    const auto odd = [&](const std::string& why) {
        if (out.odd++ == 0) out.first_odd = "line " + std::to_string(lines_before + s.line()) + ": " + why;
    };
    if (name.empty() || version.empty() || arch.empty()) {
        odd("a stanza without Package, Version or Architecture");
        return {};
    }
    const auto own = arch == "any" ? arch_other : architecture(arch);
    if (own >= known_) {
        ++out.foreign;
        return {};
    }
    auto read = read_stanza(s, own);
    if (read && (read->all = arch == "all", true)) {
        LARDER_TRY(const auto made, keep(std::move(*read)));
        out.packages.push_back(made);
        return {};
    }
    if (read.error().code() != errc::malformed) return read.error();
    odd(read.error().detail());
    return {};
}

result<package> package_table::read_stanza(const index::stanza& s, arch_id own) {
    package made;
    const auto name = s.get("Package"), version = s.get("Version");
    LARDER_TRY(const auto named, parse_alternative(name));
    if (!named.relation.empty() || named.name != name)
        return error{errc::malformed, "'" + printable(name, 80) + "' is no package's name"};
    const auto here = [&](const char* field, const error& e) {
        return e.in(std::string{field} + " of " + printable(name, 80) + " " + printable(version, 80));
    };
    if (const auto fine = index::check_version(version); !fine) return here("Version", fine.error());
    made.name = name_of(name);
    made.version = texts_.intern(version);
    made.architecture = own;
    made.multi = multi_arch_of(s.get("Multi-Arch"));
    for (const auto* field : {"Pre-Depends", "Depends"})
        if (const auto fine = read_clauses(s.get(field), own, made.clauses); !fine) return here(field, fine.error());
    for (const auto* field : {"Conflicts", "Breaks"})
        if (const auto fine = read_conflicts(s.get(field), field[0] == 'B', made.conflicts); !fine)
            return here(field, fine.error());
    if (const auto fine = read_provides(s.get("Provides"), own, made.provides); !fine)
        return here("Provides", fine.error());
    return made;
}

namespace {

/// Calls `take`, which can fail, for each part that is not empty: apt passes over a comma too many.
template <class F>
result<void> each_group(std::string_view field, F&& take) {
    result<void> fine;
    each_part(field, ',', [&](std::string_view group) {
        if (fine && !group.empty()) fine = take(group);
    });
    return fine;
}

}  // namespace

result<void> package_table::read_clauses(std::string_view field, arch_id own, std::vector<clause_id>& out) {
    return each_group(field, [&](std::string_view group) -> result<void> {
        LARDER_TRY(const auto made, clause_for(group, own));
        if (!holds(out, made)) out.push_back(made);
        return {};
    });
}

result<void> package_table::read_conflicts(std::string_view field, bool breaks, std::vector<conflict>& out) {
    return each_group(field, [&](std::string_view group) -> result<void> {
        LARDER_TRY(const auto one, parse_alternative(group));
        LARDER_TRY(const auto with, atom_for(one, sign::conflicts, 0));
        out.push_back({with, texts_.intern(group), breaks});
        return {};
    });
}

result<void> package_table::read_provides(std::string_view field, arch_id own, std::vector<provision>& out) {
    return each_group(field, [&](std::string_view group) -> result<void> {
        LARDER_TRY(const auto one, parse_alternative(group));
        if (!one.relation.empty() && one.relation != "=") return {};  // means nothing (dpkg, lib/dpkg/depcon.c)
        const auto version = one.relation.empty() ? no_version : texts_.intern(one.version);
        const auto arch = one.architecture.empty() ? own : architecture(one.architecture);
        out.push_back({name_of(one.name), version, arch});
        return {};
    });
}

result<clause_id> package_table::clause_for(std::string_view group, arch_id dependent) {
    const auto text = texts_.intern(group);
    const auto named = std::uint64_t{text} << 16 | dependent;
    if (const auto found = clause_ids_.find(named); found != clause_ids_.end()) return found->second;
    clause made;
    made.text = text;
    result<void> fine;
    each_part(group, '|', [&](std::string_view part) {
        if (!fine) return;
        const auto one = parse_alternative(part);
        const auto atom = one ? atom_for(*one, sign::depends, dependent) : result<atom_id>{one.error()};
        if (!atom) fine = atom.error();
        if (atom && !holds(made.atoms, *atom)) made.atoms.push_back(*atom);
    });
    if (!fine) return fine.error();
    const auto id = static_cast<clause_id>(clauses_.size());
    for (const auto a : made.atoms) atoms_[a].users.push_back(id);
    clauses_.push_back(std::move(made));
    clause_ids_.emplace(named, id);
    return id;
}

result<atom_id> package_table::atom_for(const alternative& one, sign use, arch_id dependent) {
    atom made;
    made.name = name_of(one.name);
    made.relation = lasting(one.relation);
    if (!made.relation.empty()) made.version = texts_.intern(one.version);
    made.use = use;
    made.implicit_architecture = one.architecture.empty();
    // Conflicts and Breaks without an architecture mean all (dpkg, lib/dpkg/fields.c).
    const auto implied = use == sign::conflicts ? arch_any : dependent;
    made.architecture = made.implicit_architecture ? implied : architecture(one.architecture);
    auto& name = names_[made.name];
    const auto same = [&](atom_id a) { return atoms_[a].asks_the_same(made); };
    if (const auto found = std::find_if(name.atoms.begin(), name.atoms.end(), same); found != name.atoms.end())
        return *found;
    if (name.atoms.size() == most_of_one_name)
        return error{errc::too_large, "over 10,000 different relations to " + printable(one.name, 80)};
    const auto id = static_cast<atom_id>(atoms_.size());
    name.atoms.push_back(id);
    atoms_.push_back(std::move(made));
    for (const auto& c : name.candidates) link(id, c);
    return id;
}

result<package_id> package_table::keep(package&& made) {
    for (const auto& c : names_[made.name].candidates)
        if (!c.provided && packages_[c.package].same_as(made)) return c.package;
    if (packages_.size() == most_packages) return error{errc::too_large, "over 4 million packages"};
    const auto id = static_cast<package_id>(packages_.size());
    for (const auto c : made.clauses) clauses_[c].dependants.push_back(id);
    packages_.push_back(std::move(made));
    for (const auto& c : packages_[id].conflicts) {
        auto& users = atoms_[c.with].users;
        if (users.empty() || users.back() != id) users.push_back(id);
    }
    LARDER_CHECK(add_candidate(packages_[id].name, {id, packages_[id].version, packages_[id].architecture, false}));
    for (const auto& p : packages_[id].provides)
        LARDER_CHECK(add_candidate(p.name, {id, p.version, p.architecture, true}));
    return id;
}

result<void> package_table::add_candidate(name_id of, const candidate& made) {
    auto& name = names_[of];
    if (name.candidates.size() == most_of_one_name)
        return error{errc::too_large, "over 10,000 packages are or provide " + printable(name_texts_[of], 80)};
    const auto before = [this](const candidate& a, const candidate& b) {
        return a.provided != b.provided ? b.provided : preferred(a.package, b.package);
    };
    name.candidates.insert(std::upper_bound(name.candidates.begin(), name.candidates.end(), made, before), made);
    for (const auto a : name.atoms) link(a, made);
    return {};
}

bool package_table::fits(const atom& a, const candidate& c) const {
    const auto multi = packages_[c.package].multi;
    const bool foreign = a.implicit_architecture && multi == multi_arch::foreign;
    const bool any = a.architecture == arch_any && (a.use == sign::conflicts || multi == multi_arch::allowed);
    if (!foreign && !any && a.architecture != c.architecture) return false;
    if (a.relation.empty()) return true;
    if (c.version == no_version) return false;
    return qa::fits({{}, a.relation, texts_[a.version]}, texts_[c.version]);
}

void package_table::link(atom_id id, const candidate& c) {
    auto& a = atoms_[id];
    if (!fits(a, c) || holds(a.fits, c.package)) return;
    const auto before = [&](package_id p, package_id q) {
        const bool real = packages_[p].name == a.name, other = packages_[q].name == a.name;
        return real != other ? real : preferred(p, q);
    };
    a.fits.insert(std::upper_bound(a.fits.begin(), a.fits.end(), c.package, before), c.package);
    auto& self = packages_[c.package];
    (a.use == sign::depends ? self.depended : self.conflicted).push_back(id);
}

bool package_table::exclude(package_id a, package_id b) const {
    const auto &p = packages_[a], &q = packages_[b];
    if (p.name != q.name) return false;
    if (p.multi != multi_arch::same || q.multi != multi_arch::same || p.architecture == q.architecture) return true;
    return p.version != q.version && index::compare_versions(texts_[p.version], texts_[q.version]) != 0;
}

package_key package_table::key(package_id of) const {
    const auto& p = packages_[of];
    return {std::string{name_texts_[p.name]}, std::string{texts_[p.version]},
            p.all ? "all" : std::string{architecture_texts_[p.architecture]}};
}

}  // namespace larder::qa::detail
