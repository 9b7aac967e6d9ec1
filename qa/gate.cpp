#include <algorithm>
#include <larder/index/version.hpp>
#include <larder/qa/gate.hpp>
#include <map>

namespace larder::qa {
namespace {

/// So many are told one by one.
constexpr std::size_t most_told = 10;

}  // namespace

finding told(std::string check, const std::set<std::string>& troubles, std::string all_well) {
    if (troubles.empty()) return {std::move(check), true, std::move(all_well)};
    std::string text;
    std::size_t n = 0;
    for (const auto& one : troubles) {
        if (n++ == most_told) {
            text += "; and " + std::to_string(troubles.size() - most_told) + " more";
            break;
        }
        text += (text.empty() ? "" : "; ") + one;
    }
    return {std::move(check), false, std::move(text)};
}

bool lets_through(const std::vector<finding>& all) {
    return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.passed; });
}

finding check_closed(const promotion& what) {
    std::map<std::string, std::string> newest;
    for (const auto& one : what.promoted) {
        auto& version = newest[one.source];
        if (version.empty() || index::compare_versions(version, one.source_version) < 0) version = one.source_version;
    }
    std::set<std::string> troubles;
    for (const auto& one : what.promoted)
        if (const auto& version = newest[one.source]; index::compare_versions(version, one.source_version) != 0)
            troubles.insert(one.name + " " + one.version + " (" + one.architecture + ") is of " + one.source + " " +
                            one.source_version + ", and others of that source are of " + version);
    return told("closed", std::move(troubles),
                std::to_string(newest.size()) + " sources, each with all that was built from it");
}

finding check_forwards(const promotion& what) {
    std::set<std::string> troubles;
    for (const auto& one : what.changes)
        if (one.what == index::package_change::kind::downgraded)
            troubles.insert(one.name + " (" + one.architecture + ") would go from " + one.before + " down to " +
                            one.after);
    return told("forwards", troubles, "no version goes backwards");
}

finding check_upgrades(const promotion& what) {
    std::set<std::string> troubles;
    for (const auto& one : what.changes) {
        if (one.after.empty()) continue;
        const auto name = one.name + " (" + one.architecture + ")";
        for (const auto& beside : what.neighbours) {
            const auto found = beside.versions.find(name);
            if (found == beside.versions.end()) continue;
            const auto order = index::compare_versions(one.after, found->second);
            if (beside.older ? order >= 0 : order <= 0) continue;
            troubles.insert(name + " would be " + one.after + (beside.older ? ", below the " : ", above the ") +
                            found->second + " of " + beside.pocket +
                            (beside.older ? ", from which machines upgrade" : ", to which machines upgrade"));
        }
    }
    if (what.neighbours.empty()) return told("upgrades", troubles, "no release stands before or behind this one");
    return told("upgrades", troubles, "machines can be upgraded from the release before, and to the next");
}

result<std::vector<finding>> built_in_gate::judge(const promotion& what) {
    std::vector<finding> all{check_closed(what), check_forwards(what), check_upgrades(what)};
    if (what.changes.empty()) return all;
    LARDER_TRY(auto installable, installable_(what));
    all.push_back(std::move(installable));
    return all;
}

}  // namespace larder::qa
