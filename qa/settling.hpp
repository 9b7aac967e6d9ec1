#pragma once

#include "selection.hpp"
#include "solver.hpp"
#include "world_builder.hpp"
#include <optional>

namespace larder::qa::detail {

/// Brings the verdicts of a selection up to date with a change of what is there.
class settling {
public:
    settling(const package_table&, selection&);

    void change(std::span<const package_id> removed, std::span<const package_id> added);

private:
    void count(std::span<const package_id> removed, std::span<const package_id> added);
    void find_open();
    void mend_worlds();
    void rule_out_what_lacks();
    void fill_worlds();
    void search();
    bool can_be_fulfilled(clause_id) const;
    void rule_out(package_id);
    void spread();
    void keep(std::uint32_t number, world&&);
    std::uint32_t free_number();
    void forget_unused();

    const package_table& table_;
    selection& s_;
    std::vector<package_id> gone_, come_;
    std::vector<package_id> open_;       ///< those whose verdict is looked for
    std::vector<std::uint8_t> usable_;   ///< by id: there, and not ruled out
    std::vector<package_id> ruled_out_;  ///< whose dependants are to be looked at
    world_builder builder_;
    std::optional<solver> solver_;  ///< made when it is needed: most changes do without
    std::uint32_t first_free_ = 0;
};

}  // namespace larder::qa::detail
