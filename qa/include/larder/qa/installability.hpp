#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Which packages of some indices can be installed at all, why the others cannot, and which could be before a change
// and cannot any more. What is asked of each package alone: is there a set of packages of these indices that has it,
// in which every dependency is fulfilled and no two conflict? The rules, and where apt, dpkg and dose differ, are in
// docs/installability.md.

namespace larder::qa {

namespace detail {
class package_table;
struct selection;
}  // namespace detail
class installability;
struct worsened;

/// What the machines run: packages of other architectures are left out. Architecture: all counts as native.
struct architectures {
    std::string native;
    std::vector<std::string> foreign;
};

/// A package of a universe; of no meaning in another.
using package_id = std::uint32_t;

/// What names a package to people.
struct package_key {
    std::string name, version, architecture;
    friend bool operator==(const package_key&, const package_key&) = default;
};

/// What one index had.
struct index_reading {
    std::vector<package_id> packages;  ///< one for each stanza that counts, in the index's order
    std::uint64_t foreign = 0;         ///< stanzas of architectures that these machines do not have
    std::uint64_t odd = 0;             ///< stanzas left out: dpkg would refuse the package
    std::string first_odd;             ///< "line 12: Depends of hello 1.0: 'a b' is no package's name"
};

/// The packages of any number of indices, each kept once with what it relates to; it only grows. Two stanzas are the
/// same package when name, version, architecture and all relations are. Keeps nothing of the texts: some 700 bytes a
/// package. One thread at a time, with all the `installability` that refer to it.
class universe {
public:
    explicit universe(architectures);
    ~universe();
    universe(const universe&) = delete;
    universe& operator=(const universe&) = delete;

    /// Reads the uncompressed text of a Packages file, or a few stanzas of one. Errors: what is over a limit is
    /// `too_large` (deb822_limits; 10,000 packages that have or provide one name; 4 million packages), errors of the
    /// source are handed on; the universe has grown by what was read until then, which does no harm.
    result<index_reading> read(std::string_view packages);
    result<index_reading> read(index::byte_source& packages);

    package_key key(package_id) const;
    /// How many packages it has; ids are below that. A universe that has seen many changes is best made anew.
    std::size_t size() const noexcept;

private:
    friend class installability;
    friend std::vector<worsened> compare(const installability&, const installability&);
    std::unique_ptr<detail::package_table> table_;
};

/// One step of an explanation.
struct reason {
    enum class kind {
        needs,      ///< `package` needs `relation`, for which there are only `others`
        lacks,      ///< `package` needs `relation`, which nothing fulfils; `others` have the name, but do not fit
        conflicts,  ///< `package` has `relation` in Conflicts, which is `others`
        breaks,     ///< the same in Breaks
        excludes,   ///< `package` and `others` have one name, and only one of them can be installed
    };
    kind what = kind::needs;
    package_key package;
    std::string relation;  ///< as it is written: "python3-nova (= 2:28) | nova"; empty for `excludes`
    std::vector<package_key> others;
};

/// Why a package cannot be installed: a minimal set of facts, none of which could be missing, in the order in which
/// one leads to the next. The same whatever the order in which the indices were read.
struct explanation {
    package_key package;
    std::vector<reason> reasons;  ///< empty: the search was given up (`verdict::undecided`)
};

/// "nova-api 2:28 needs python3-nova (= 2:28), which nothing provides: there is python3-nova 2:27", one sentence.
std::string to_string(const reason&);
/// The sentences, with "; " between them.
std::string to_string(const explanation&);

enum class verdict {
    absent,       ///< not among these packages
    installable,  ///< there is a consistent set with it
    broken,       ///< there is none
    undecided,    ///< the search was given up after `search_limit` dead ends: treat it as broken
};

inline constexpr std::uint64_t search_limit = 20'000;

/// The verdicts on one selection of a universe's packages. A value: copies share what they have in common, and cost
/// well under a megabyte each.
class installability {
public:
    /// On no packages. Does not own the universe, which must stay where it is.
    explicit installability(universe&);

    /// The verdicts when these packages are taken away and those added. Each id counts: a package that two indices
    /// have is there until it was taken away twice; what is not there is not taken away. Only what the change can
    /// reach is looked at again.
    [[nodiscard]] installability with(std::span<const package_id> removed, std::span<const package_id> added) const;

    verdict of(package_id) const noexcept;
    /// Those that are there.
    std::vector<package_id> packages() const;
    /// The broken and the undecided, by name, version and architecture.
    std::vector<package_id> broken() const;
    /// For a package that is broken; about a millisecond each.
    explanation explain(package_id) const;
    /// For one that is installable: a consistent set with it, in which each further package is there for another's
    /// sake; the package first. One of many, and not always the same one.
    std::vector<package_id> witness(package_id) const;

    /// For tests: whether the sets by which packages count as installable are consistent.
    bool holds_together() const;

private:
    explicit installability(universe&, std::shared_ptr<const detail::selection>);
    friend std::vector<worsened> compare(const installability&, const installability&);
    universe* universe_;
    std::shared_ptr<const detail::selection> selection_;
};

/// What a change made worse.
struct worsened {
    enum class kind {
        became,    ///< it was installable before
        arrived,   ///< it is new
        remained,  ///< it is new, and no version of it was installable before either
    };
    kind how = kind::became;
    package_id package = 0;
    friend bool operator==(const worsened&, const worsened&) = default;
};

/// The packages of `after` that are broken and were not in `before`, by name, version and architecture. Both of one
/// universe.
std::vector<worsened> compare(const installability& before, const installability& after);

}  // namespace larder::qa
