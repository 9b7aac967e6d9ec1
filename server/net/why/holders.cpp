#include "why/holders.hpp"
#include <algorithm>
#include <larder/deployments/unit_report.hpp>

namespace larder::net::why {
namespace {

using namespace pinning;

/// Of so many units their names are told.
constexpr std::size_t most_named = 5;

std::string units_text(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most_named) text += " and " + std::to_string(names.size() - most_named) + " more";
    return "reported by " + text;
}

/// Whether a generation's machines can have it: its architecture is among theirs, or it has none.
bool is_for(const state_here::user& user, const naming& what) {
    if (what.package.empty() || what.architecture == "all" || user.architectures.empty()) return true;
    return std::find(user.architectures.begin(), user.architectures.end(), what.architecture) !=
           user.architectures.end();
}

std::string held_by_mode_text(const deployments::deployment& d) {
    switch (d.hold) {
        case deployments::hold_mode::used: return "fetched through it";
        case deployments::hold_mode::closure: return "fetched through it, or needed by what was";
        case deployments::hold_mode::full: return "a file of its suites, of which it holds all";
    }
    return {};
}

}  // namespace

void holders::note(const state_here& in, const naming& what) {
    for (const auto& user : in.users) {
        if (!is_for(user, what)) continue;
        auto& one = noted_[what.content][user.deployment];
        one.generations.insert(user.generation);
        one.as.push_back(what);
    }
}

result<const holders::units*> holders::units_of(const std::string& deployment) {
    if (const auto known = units_.find(deployment); known != units_.end()) return &known->second;
    LARDER_TRY(const auto rows, reported_units(e_, deployment));
    std::map<digest, std::vector<std::string>> by_report;
    for (const auto& row : rows) by_report[row.report].push_back(row.id);
    units all;
    for (const auto& [report, names] : by_report) {
        const auto text = e_.store().objects().read(report, most_report);
        const auto packages =
            text ? deployments::parse_report(*text) : result<std::vector<deployments::installed_package>>{text.error()};
        if (!packages) {
            unread_.push_back("what unit '" + names.front() + "' of '" + deployment +
                              "' has reported: " + packages.error().detail());
            continue;
        }
        for (const auto& one : *packages) {
            auto& having = all[{one.name, one.architecture, one.version}];
            having.insert(having.end(), names.begin(), names.end());
        }
    }
    return &units_.emplace(deployment, std::move(all)).first->second;
}

result<void> holders::tell_how(const deployments::deployment& d, const noted& what, why_deployment& into) {
    bool of_a_state = false;
    std::set<std::string> names;
    for (const auto& as : what.as) {
        of_a_state = of_a_state || as.package.empty();
        if (as.package.empty()) continue;
        LARDER_TRY(const auto* reported, units_of(d.name));
        const auto having = reported->find({as.package, as.architecture, as.version});
        if (having != reported->end()) names.insert(having->second.begin(), having->second.end());
    }
    if (of_a_state) into.how.emplace_back("of a state that it pins");
    if (!names.empty()) into.how.push_back(units_text({names.begin(), names.end()}));
    return {};
}

result<std::vector<why_deployment>> holders::of(const digest& content) {
    std::vector<why_deployment> all;
    const auto here = noted_.find(content);
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const auto& d = all_[i];
        LARDER_TRY(const bool held, e_.store().holds().holds(d.name, content));
        const noted* what = nullptr;
        if (here != noted_.end())
            if (const auto one = here->second.find(i); one != here->second.end()) what = &one->second;
        if (!held && what == nullptr) continue;
        why_deployment row;
        row.name = d.name;
        row.removed = d.removed.has_value();
        if (what != nullptr) {
            row.generations.assign(what->generations.begin(), what->generations.end());
            LARDER_CHECK(tell_how(d, *what, row));
        }
        // What units report comes to be held as if it had been fetched.
        if (held && (row.how.empty() || d.hold != deployments::hold_mode::used))
            row.how.push_back(held_by_mode_text(d));
        row.held = held || !row.how.empty();
        all.push_back(std::move(row));
    }
    return all;
}

}  // namespace larder::net::why
