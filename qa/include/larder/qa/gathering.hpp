#pragma once

#include <cstddef>
#include <larder/qa/closure.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

// Which packages are taken from several archives into one, and each for whose sake. The same archives in the same
// order give the same packages, whatever the order in which they are asked for and in which an index has them:
//
//  - what is asked for comes from the first archive that has it, in its highest version there;
//  - what these need (Pre-Depends, then Depends) and what is there does not fulfil comes with them: the first
//    alternative for which any archive has something, of the first archive that has something for it, the package of
//    that name in its highest version that fits, before one that provides it, of those the first by name;
//  - a package is taken in one version only: one that is taken is not replaced, and takes the place of what is there.
//
// No choice is taken back: what then cannot be had is told, and whoever asks names another package or archive.

namespace larder::qa {

/// Where packages may be taken from, for one architecture.
struct offer {
    std::string name;  ///< for people: "debian/trixie"
    const package_pool* pool = nullptr;
};

struct gathered {
    const index_entry* package = nullptr;
    std::size_t from = 0;                  ///< which of the offers
    std::optional<std::size_t> needed_by;  ///< position of what needs it; nothing: it was asked for
    std::string relation;                  ///< by which that needs it: "nova-common (= 2:28) | nova"
};

struct gathering {
    /// Those asked for first, by name; then in the order in which they were found to be needed.
    std::vector<gathered> packages;
    /// What no archive has, a sentence each, sorted; then this is no set to be taken.
    std::vector<std::string> missing;
};

/// What patterns (fnmatch(3): "nova-*") name.
enum class named { packages, sources };
/// The packages that are asked for: by name, each from the first offer that has it (or, with `named::sources`, its
/// source). Patterns that nothing fits are added to `unmatched`.
std::vector<gathered> pick(const std::vector<offer>& offers, const std::set<std::string>& patterns, named which,
                           std::set<std::string>& unmatched);

/// What is there already: the packages of the place itself, of which those that are taken take the place; and those
/// beside it, which count where the place itself has none of that name.
struct present_packages {
    const package_pool& own;
    const package_pool& beside;
};

/// `picked`, of different names, and all that they need.
gathering gather(const std::vector<offer>& offers, const present_packages& present, std::vector<gathered> picked);

/// Why it is taken: "nova-api needs nova-common (= 2:28); nova-common needs python3-nova (= 2:28)"; empty for what was
/// asked for.
std::string chain_of(const gathering& all, std::size_t position);

}  // namespace larder::qa
