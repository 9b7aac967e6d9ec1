#pragma once

#include <larder/qa/closure.hpp>
#include <set>
#include <string>
#include <vector>

// What it takes to put some packages in place of others, and whether that holds together.

namespace larder::qa {

/// The packages that these need beside what is there: of each group of Pre-Depends and Depends that neither they nor a
/// present package that stays fulfils, the first alternative that is offered; and what that needs. `picked` are
/// entries of `offered`; they come first.
std::vector<const index_entry*> needed_too(const package_pool& present, const package_pool& offered,
                                           std::vector<const index_entry*> picked);

/// What of Pre-Depends and Depends nothing in the pool fulfils: of packages of these names, and of all others as far as
/// they depend on one of them. Each in its highest version. "service 2.0 needs: library (= 2.0)", sorted.
std::vector<std::string> unmet_around(const package_pool& pool, const std::set<std::string>& names);

}  // namespace larder::qa
