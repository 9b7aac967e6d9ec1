#pragma once

#include <functional>
#include <larder/index/packages.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

// What stands between a pocket and the next. A promotion is shown to a gate before anything of it is visible.

namespace larder::qa {

/// A package of a pocket, with what a gate asks of it beyond what an index's list has.
struct promoted_package {
    std::string name, version, architecture;  ///< "source" for a source package
    std::string source, source_version;       ///< what it was built from
};

/// Another release's pocket, from which machines come to the target or go on from it.
struct neighbour {
    std::string pocket;
    bool older = false;                           ///< machines upgrade from it to the target; else the other way
    std::map<std::string, std::string> versions;  ///< by "NAME (ARCHITECTURE)", of packages that change in the target
};

/// What is to be promoted, and what it changes.
struct promotion {
    std::string from, to;  ///< pockets: "cloud-archive/bookworm-folsom-proposed"
    /// All that the first pocket has of the sources that are promoted.
    std::vector<promoted_package> promoted;
    /// What becomes of the second.
    std::vector<index::package_change> changes;
    std::vector<neighbour> neighbours;
};

/// What one check found. `text` is a sentence for people, without a newline.
struct finding {
    std::string check;  ///< "closed"
    bool passed = true;
    std::string text;
};

class gate {
public:
    virtual ~gate() = default;
    /// What each of its checks found, in their order; the promotion is let through when all passed. The same promotion
    /// gets the same findings, whatever the order of its parts.
    virtual result<std::vector<finding>> judge(const promotion&) = 0;
};

/// The finding of a check that has these complaints: passed when there are none; of very many the first are told.
finding told(std::string check, const std::set<std::string>& troubles, std::string all_well);

/// Whether all passed.
bool lets_through(const std::vector<finding>&);

/// Every source is promoted whole: all that was built from it, on every architecture, of one version.
finding check_closed(const promotion&);
/// No package of the target goes to a lower version.
finding check_forwards(const promotion&);
/// Each release can be upgraded to the next: what changes is not lower than in the release before it, and not higher
/// than in the one after.
finding check_upgrades(const promotion&);

/// The gate of pockets for which none is written down: closed, forwards, upgrades, and where something changes whether
/// it can be installed, which takes the packages of the target and its base and so comes from whoever has them.
class built_in_gate final : public gate {
public:
    using check = std::function<result<finding>(const promotion&)>;

    explicit built_in_gate(check installable) : installable_{std::move(installable)} {}
    /// Errors: those of the check that it was given.
    result<std::vector<finding>> judge(const promotion&) override;

private:
    check installable_;
};

}  // namespace larder::qa
