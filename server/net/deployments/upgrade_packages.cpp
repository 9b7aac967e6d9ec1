#include "deployments/operations.hpp"
#include "deployments/overlay.hpp"
#include "deployments/units.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/needs.hpp>
#include <map>
#include <set>
#include <tuple>

// Generations that are the one before but for some packages: of other states, or as the units have them.

namespace larder::net {
namespace {

using namespace pinning;
using deployments::edit;
using deployments::generation;
using deployments::listing;
using deployments::wish;

std::set<std::string> names_in(const std::vector<listing>& all) {
    std::set<std::string> names;
    for (const auto& one : all) names.insert(one.what.name);
    return names;
}

/// What the generation has now of the packages that are offered.
result<std::vector<listing>> present_of(engine& e, const generation& g, const std::vector<listing>& offered,
                                        const course& of) {
    const auto names = names_in(offered);
    std::vector<listing> present;
    for (std::size_t i = 0; i < g.pins.size(); ++i) {
        const auto& pin = g.pins[i];
        LARDER_TRY(const bool all,
                   add_listings(
                       e, g, i, pin.listed(), [&](const auto& one) { return names.contains(one.name); }, present, of));
        if (!all)
            return error{errc::absent, pin.archive + "/" + pin.suite +
                                           ": an index of its state is not here; larder doctor tells more"};
    }
    return present;
}

/// Puts the edits into the next generation, and into force.
result<void> put_in_force(engine& e, generation_report& report, const generation& before,
                          const std::vector<edit>& edits, const upgrade_options& options, const course& of) {
    LARDER_TRY(auto what, cut_of(e, before));
    LARDER_CHECK(compose_overlays(e, before, report.generation, edits, what, of));
    if (!edits.empty()) {
        std::set<std::string> names;
        for (const auto& one : edits) names.insert(one.name);
        qa::package_pool pool;
        of.tell({"looking at what they need", 0, 0});
        LARDER_CHECK(fill(e, report.generation, pool, of));
        report.unmet = qa::unmet_around(pool, names);
    }
    return settle(e, report, before, std::move(what), options.dry_run, of.tell, of.stop);
}

// ---- some packages ----

result<std::vector<wish>> wishes_of(const upgrade_options& options) {
    std::vector<wish> all;
    for (const auto& text : options.packages) {
        LARDER_TRY(auto one, deployments::parse_wish(text, wish::kind::binary));
        all.push_back(std::move(one));
    }
    for (const auto& text : options.sources) {
        LARDER_TRY(auto one, deployments::parse_wish(text, wish::kind::source));
        all.push_back(std::move(one));
    }
    return all;
}

/// Suites of a generation at the states that packages are taken from.
struct offer {
    generation from;                  ///< only these suites
    std::vector<std::size_t> places;  ///< of each, in the generation that there is
};

result<offer> offer_of(const generation& before, const cut& fresh) {
    offer made;
    made.from.architectures = before.architectures;
    for (const auto& pin : fresh.pins) {
        const auto same = [&](const auto& one) { return one.archive == pin.archive && one.suite == pin.suite; };
        const auto there = std::find_if(before.pins.begin(), before.pins.end(), same);
        if (there == before.pins.end())
            return error{errc::refused,
                         pin.archive + "/" + pin.suite + " is no suite of deployment '" + before.deployment + "'"};
        made.from.pins.push_back(pin);
        made.places.push_back(static_cast<std::size_t>(there - before.pins.begin()));
    }
    return made;
}

result<std::vector<listing>> listings_of(engine& e, const generation& before, const offer& from,
                                         const std::vector<wish>& wishes, const course& of) {
    std::set<std::string> names, sources;
    for (const auto& one : wishes) (one.what == wish::kind::source ? sources : names).insert(one.name);
    std::vector<listing> offered;
    for (std::size_t i = 0; i < from.places.size(); ++i) {
        const auto& pin = from.from.pins[i];
        const auto wanted = [&](const index::listed_package& one) {
            return names.contains(one.name) || sources.contains(one.source);
        };
        LARDER_TRY(const bool all, add_listings(e, before, from.places[i], pin.snapshot, wanted, offered, of));
        if (!all) return error{errc::absent, pin.archive + "/" + pin.suite + ": an index of its state is not here"};
    }
    return offered;
}

/// The wishes, and one for each package that they need beside what the generation has.
result<std::vector<wish>> with_needed(engine& e, const generation& before, const offer& from, std::vector<wish> wishes,
                                      const std::vector<edit>& edits, const course& of) {
    qa::package_pool present, offered;
    of.tell({"looking at what they need", 0, 0});
    LARDER_CHECK(fill(e, before, present, of));
    LARDER_CHECK(fill(e, from.from, offered, of));
    std::vector<const qa::index_entry*> picked;
    for (const auto& one : edits)
        if (!one.version.empty() && one.architecture != "source")
            if (const auto* entry = offered.find({one.name, "=", one.version})) picked.push_back(entry);
    const auto all = qa::needed_too(present, offered, picked);
    for (std::size_t i = picked.size(); i < all.size(); ++i)
        wishes.push_back({std::string{all[i]->name}, std::string{all[i]->version}, {}, wish::kind::binary});
    return wishes;
}

result<generation_report> take_packages(engine& e, const upgrade_options& options, generation_report report,
                                        const generation& before, const course& of) {
    LARDER_TRY(auto wishes, wishes_of(options));
    LARDER_TRY(const auto suites, chosen_suites(options, before));
    LARDER_TRY(const auto fresh, make_cut(e, suites, before.architectures, of.tell, of.stop));
    LARDER_TRY(const auto from, offer_of(before, fresh));
    deployments::choice choice;
    for (const bool last : {!options.with_deps, true}) {
        LARDER_TRY(const auto offered, listings_of(e, before, from, wishes, of));
        LARDER_TRY(const auto present, present_of(e, before, offered, of));
        choice = deployments::choose(present, offered, wishes);
        if (!choice.absent.empty()) {
            std::string names;
            for (const auto& one : choice.absent) names += (names.empty() ? "" : ", ") + to_string(one);
            return error{errc::absent, "none of the states that are taken from has " + names +
                                           "; --to, or --suite ARCHIVE/SUITE@WHEN, names earlier ones"};
        }
        if (last) break;
        LARDER_TRY(wishes, with_needed(e, before, from, std::move(wishes), choice.edits, of));
    }
    LARDER_CHECK(put_in_force(e, report, before, choice.edits, options, of));
    return report;
}

// ---- what units run ----

/// A package as units have it installed, by its version the units.
using installed_as = std::map<std::string, std::vector<std::string>>;
using package_key = std::pair<std::string, std::string>;  // name, architecture

struct unit_packages {
    std::string unit;
    std::vector<deployments::installed_package> packages;
};

result<std::vector<unit_packages>> read_units(engine& e, const upgrade_options& options) {
    LARDER_TRY(const auto rows, reported_units(e, options.name));
    std::vector<unit_packages> all;
    for (const auto& row : rows) {
        if (!options.unit.empty() && row.id != options.unit) continue;
        LARDER_TRY(const auto text, e.store().objects().read(row.report, most_report));
        LARDER_TRY(auto packages, deployments::parse_report(text));
        all.push_back({row.id, std::move(packages)});
    }
    if (!all.empty()) return all;
    if (!options.unit.empty())
        return error{errc::absent, "deployment '" + options.name + "' has no unit '" + options.unit + "'"};
    return error{errc::refused, "no unit of deployment '" + options.name + "' has reported what it runs"};
}

/// Every package in which a unit differs from the generation, as all units have it.
std::map<package_key, installed_as> drifted(const std::vector<unit_packages>& units,
                                            const deployments::expectation& expected) {
    std::map<package_key, installed_as> all;
    for (const auto& unit : units)
        for (const auto& d : expected.compare(unit.packages)) all[{d.name, d.architecture}];
    for (const auto& unit : units)
        for (const auto& one : unit.packages)
            if (const auto found = all.find({one.name, one.architecture}); found != all.end())
                found->second[one.version].push_back(unit.unit);
    return all;
}

std::string line_of(const package_key& of, const installed_as& versions) {
    constexpr std::size_t most_named = 5;
    std::string text = of.first + " " + of.second + ":";
    bool first = true;
    for (const auto& [version, units] : versions) {
        text += (first ? " " : ", ") + version + " (";
        for (std::size_t i = 0; i < units.size() && i < most_named; ++i) text += (i == 0 ? "" : ", ") + units[i];
        text += units.size() > most_named ? ", ...)" : ")";
        first = false;
    }
    return text;
}

/// The kept states of a generation's suites, the newest first, each with the suite's place.
result<std::vector<std::pair<std::size_t, kept_state>>> kept_states_of(engine& e, const generation& g) {
    std::vector<std::pair<std::size_t, kept_state>> all;
    for (std::size_t i = 0; i < g.pins.size(); ++i) {
        LARDER_TRY(const auto kept, kept_states(e.store().refs(), g.pins[i].archive, g.pins[i].suite));
        for (const auto& one : kept) all.emplace_back(i, one);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.second.date > b.second.date; });
    return all;
}

struct by_package {
    bool operator()(const wish& a, const wish& b) const {
        return std::tie(a.name, a.architecture, a.version) < std::tie(b.name, b.architecture, b.version);
    }
};
using exact_wishes = std::set<wish, by_package>;

/// Looks for exact packages in all kept states, in the newest that has one; what is found in none stays in `wanted`.
result<std::vector<listing>> find_exact(engine& e, const generation& g, exact_wishes& wanted, const course& of) {
    LARDER_TRY(const auto states, kept_states_of(e, g));
    std::vector<listing> offered;
    const auto as_wish = [](const index::listed_package& one) {
        return wish{one.name, one.version, one.architecture, wish::kind::binary};
    };
    for (const auto& [place, state] : states) {
        if (wanted.empty()) break;
        const auto before = offered.size();
        const auto is_wanted = [&](const index::listed_package& one) { return wanted.contains(as_wish(one)); };
        // What of a state's indices is not here may be in another state.
        LARDER_TRY(const bool all, add_listings(e, g, place, state.id, is_wanted, offered, of));
        static_cast<void>(all);
        for (auto i = before; i < offered.size(); ++i) wanted.erase(as_wish(offered[i].what));
    }
    return offered;
}

result<generation_report> take_from_units(engine& e, const upgrade_options& options, generation_report report,
                                          const generation& before, const course& of) {
    if (!options.packages.empty() || !options.sources.empty() || !options.suites.empty() || !options.to.empty())
        return error{errc::bad_config, "what units run is all that is taken then: no package, source, suite or moment"};
    LARDER_TRY(const auto units, read_units(e, options));
    LARDER_TRY(const auto expected, e.expected().of(e, report.deployment.generation, before, of.tell, of.stop));
    exact_wishes wanted;
    for (const auto& [package, versions] : drifted(units, *expected)) {
        if (versions.size() > 1) report.disagreeing.push_back(line_of(package, versions));
        wanted.insert({package.first, versions.begin()->first, package.second, wish::kind::binary});
    }
    if (!report.disagreeing.empty()) return report;
    const std::vector<wish> wishes{wanted.begin(), wanted.end()};
    LARDER_TRY(const auto offered, find_exact(e, before, wanted, of));
    for (const auto& one : wanted) report.foreign.push_back(one.name + " " + one.version + " " + one.architecture);
    if (!report.foreign.empty() && !options.leave_out_foreign) return report;
    LARDER_TRY(const auto present, present_of(e, before, offered, of));
    const auto choice = deployments::choose(present, offered, wishes);
    LARDER_CHECK(put_in_force(e, report, before, choice.edits, options, of));
    return report;
}

}  // namespace

result<generation_report> pinning::upgrade_packages(engine& e, const upgrade_options& options,
                                                    const progress_sink& tell, const std::stop_token& stop) {
    const course of{tell, stop};
    generation_report report;
    LARDER_TRY(report.deployment, find_live(e, options.name));
    LARDER_TRY(const auto before, registry_of(e).load(options.name, report.deployment.head));
    report.generation = next_of(e, report.deployment, before, deployments::step::upgrade, options.who);
    if (options.from_units) return take_from_units(e, options, std::move(report), before, of);
    return take_packages(e, options, std::move(report), before, of);
}

}  // namespace larder::net
