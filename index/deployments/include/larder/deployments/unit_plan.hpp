#pragma once

#include <larder/deployments/drift.hpp>
#include <string>
#include <vector>

namespace larder::deployments {

/// What brings a unit to the versions that its generation has.
struct unit_plan {
    std::string unit;
    /// To be run on it one after the other, each a program and its arguments: apt's lists made new, what is held back
    /// let go, and all packages brought to their versions together, since they may need each other.
    std::vector<std::vector<std::string>> commands;
    std::vector<std::string> foreign;  ///< packages that the generation has not: to be looked at, and perhaps removed
};
/// Of a unit that does not differ there are no commands.
unit_plan plan_for(const std::string& unit, const std::vector<difference>& differences);

/// A command as a shell takes it.
std::string to_string(const std::vector<std::string>& command);

}  // namespace larder::deployments
