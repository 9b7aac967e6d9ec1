#pragma once

#include <compare>
#include <cstddef>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// A package as a unit has it installed.
struct installed_package {
    std::string name, architecture, version;
    bool held = false;  ///< the administrator has held it back (apt-mark hold)

    auto operator<=>(const installed_package&) const = default;
};

/// What a unit may report at most: far more than any machine has.
inline constexpr std::size_t most_packages = 100'000;

/// Reads what a unit reports: a line a package, "NAME ARCHITECTURE VERSION STATUS", as
///
///     dpkg-query -W -f '${Package} ${Architecture} ${Version} ${db:Status-Abbrev}\n'
///
/// prints it (dpkg-query(1)). Only what is installed counts (a status whose second letter is i, or one on the way
/// there: U, F, H, W, t); what was removed and left its configuration does not. Sorted, each package once.
/// `malformed` names the line; `too_large` over most_packages.
result<std::vector<installed_package>> parse_report(std::string_view text);

/// The same list in one form: equal lists are equal texts, so units that agree share an object.
std::string write_report(const std::vector<installed_package>& packages);

/// The name a unit is known by: letters, digits, '.', '-' and '_', at most 100; else `refused`.
result<void> check_unit(std::string_view id);

}  // namespace larder::deployments
