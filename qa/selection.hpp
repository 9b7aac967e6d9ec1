#pragma once

#include "package_table.hpp"
#include <memory>
#include <vector>

namespace larder::qa::detail {

/// Packages that can be there together, all their dependencies fulfilled: the witness that each of them is
/// installable. Sorted.
using world = std::vector<package_id>;

inline constexpr std::uint32_t no_world = ~std::uint32_t{0};

/// The packages that are there, and what is known of them. A package whose world is known is installable, and stays
/// so until something of that world is taken away: what is added changes no world.
struct selection {
    std::vector<std::uint16_t> counts;                 ///< of each package, in how many indices it is
    std::vector<std::uint32_t> homes;                  ///< the number of a world that has it, or no_world
    std::vector<std::uint8_t> given_up;                ///< whether the search for a world was
    std::vector<std::shared_ptr<const world>> worlds;  ///< null where there was one

    bool has(package_id p) const noexcept { return p < counts.size() && counts[p] != 0; }
    bool installable(package_id p) const noexcept { return has(p) && homes[p] != no_world; }
};

}  // namespace larder::qa::detail
