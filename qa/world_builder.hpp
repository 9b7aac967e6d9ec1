#pragma once

#include "selection.hpp"
#include <span>

namespace larder::qa::detail {

/// A world in the making. Finds most of what can be found, without going back on a choice: what it cannot add may
/// still be installable.
class world_builder {
public:
    /// `usable`, by id: the packages that may be chosen; looked at again at each use.
    world_builder(const package_table&, const std::vector<std::uint8_t>& usable);

    /// Begins with this one in place of what was there.
    void load(const world&);
    bool has(package_id p) const noexcept { return member_[p] == now_; }
    /// Adds a package with all that it needs; or nothing, and false.
    bool add(package_id);
    /// Takes packages away, puts those of `come` that have the name of one of them in their places, and lets go what
    /// then has no longer what it needs: it is not usable for this world any more.
    void replace(std::span<const package_id> gone, std::span<const package_id> come);
    world finish() const;

private:
    bool admissible(package_id) const;
    bool fulfilled(const clause&) const;
    bool put_first(const clause&);
    void put(package_id);
    void leave(package_id);
    void mend(const clause&);

    const package_table& table_;
    const std::vector<std::uint8_t>& usable_;
    std::uint32_t now_ = 0;
    std::vector<std::uint32_t> member_, barred_;  ///< by id: the number of the world in which it is, or was
    std::vector<package_id> members_, left_;
};

}  // namespace larder::qa::detail
