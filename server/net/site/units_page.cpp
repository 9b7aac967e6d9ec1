#include <algorithm>
#include <larder/base/units.hpp>
#include <site/deployment_pages.hpp>

// The units of a deployment, and one of them.

namespace larder::net::site {
namespace {

using deployments::difference;

/// A deployment of a thousand units has them on one page.
constexpr std::size_t most_units = 1000;

std::string page_of_unit(const units_report& report, const unit_row& unit) {
    return page_of(report.deployment.name, "/units/" + percent_encode(unit.id));
}

html state_of(const unit_row& unit) {
    if (!unit.trouble.empty()) return badge("trouble", "▲", "unknown");
    return unit.differences.empty() ? badge("fresh", "●", "agrees") : badge("stale", "◐", "differs");
}

html reported(const unit_row& unit, sys_seconds now) {
    html out;
    out << "<time datetime=\"";
    out.text(format_iso(unit.reported)) << "\">";
    return out.text(format_duration(std::max<std::chrono::seconds>(std::chrono::seconds{0}, now - unit.reported)))
           << " ago</time>";
}

std::string told_of(const difference& d) {
    auto out = d.name + " " + d.installed;
    return out + (d.expected.empty() ? " (no suite has it)" : " (" + d.expected + " is expected)");
}

html some_differences(const units_report& report, const unit_row& unit) {
    constexpr std::size_t most = 3;
    html out;
    if (!unit.trouble.empty()) return out.text(unit.trouble);
    if (unit.differences.empty()) return out << "none";
    out << "<ul class=\"plain\">";
    for (std::size_t i = 0; i < std::min(most, unit.differences.size()); ++i) {
        out << "<li>";
        out.text(told_of(unit.differences[i])) << "</li>";
    }
    if (unit.differences.size() > most) {
        out << "<li>";
        out.add(link(page_of_unit(report, unit), "and " + thousands(unit.differences.size() - most) + " more"))
            << "</li>";
    }
    return out << "</ul>";
}

html units_verdict(const units_report& report) {
    const auto& d = report.deployment;
    const auto all = report.units.size();
    html out;
    out << "<section class=\"verdict "
        << (all == 0 || d.removed ? literal{"waiting"}
            : all == report.agree ? literal{"fresh"}
                                  : literal{"stale"})
        << "\" aria-label=\"Summary\"><h1>";
    if (all == 0)
        out << "No unit has reported yet";
    else if (!report.trouble.empty())
        out << "Whether its units agree is not known";
    else if (all == report.agree)
        out.text(all == 1 ? "The only unit agrees" : "All " + thousands(all) + " units agree");
    else
        out.text(thousands(all - report.agree) + " of " + plural(all, "unit", "units"))
            << (all - report.agree == 1 ? literal{" differs"} : literal{" differ"});
    out << "</h1><p>Set against generation ";
    out.add(link(page_of(d.name, "/" + std::to_string(d.head)), std::to_string(d.head))) << " of ";
    out.text(d.name);
    if (!report.trouble.empty()) {
        out << ", of which nothing can be told: ";
        out.text(report.trouble) << ".";
    } else if (d.removed || all == 0)
        out << ".";
    else if (all == report.agree)
        out << ": another unit that joins gets what the others have.";
    else
        out << ": another unit that joins would not get what all of these have.";
    out << "</p>\n";
    return out.add(removal_note(d)) << "</section>\n";
}

literal meaning(const difference& d) {
    switch (d.what) {
        case difference::kind::behind: return "behind: the generation has a newer version";
        case difference::kind::ahead: return "ahead: the generation’s version is older";
        case difference::kind::foreign: return "foreign: no suite of the generation has it";
        case difference::kind::phased:
            return "behind an update that is being phased in: it depends on the machine’s id";
    }
    return "";
}

}  // namespace

std::string units_page(const overview& view, const units_report& report) {
    const auto& d = report.deployment;
    const auto json = api_of(d.name, "/units");
    html main = tabs(d, tab::units, json);
    main.add(units_verdict(report));
    if (report.units.empty()) {
        main << "<section aria-labelledby=\"join\"><h2 id=\"join\">How a unit joins</h2>\n<p>Make a join token where "
                "the server runs, and give it to the machine’s set-up.</p>\n<pre tabindex=\"0\"><code>larder "
                "deployment token ";
        main.text(d.name) << "\nsh setup.sh --only --join TOKEN</code></pre></section>\n";
        return frame(view, "Units of " + d.name + " – Larder", main);
    }
    // Those that need somebody stand in front.
    std::vector<const unit_row*> order;
    for (const auto& unit : report.units) order.push_back(&unit);
    std::stable_partition(order.begin(), order.end(), [](const auto* unit) { return !unit->agrees(); });
    if (order.size() > most_units) order.resize(most_units);
    std::vector<std::vector<html>> rows;
    for (const auto* unit : order)
        rows.push_back({link(page_of_unit(report, *unit), unit->id), state_of(*unit), reported(*unit, view.now),
                        words(thousands(unit->packages)), words(thousands(unit->differences.size())),
                        some_differences(report, *unit)});
    main << "<section aria-labelledby=\"units\"><h2 id=\"units\">Units</h2>\n";
    main.add(table("list", "Units of " + d.name + ", those that differ first",
                   {"Unit", "State", "Reported", "Packages", "Differences", "Which"}, rows));
    main.add(more_of(rows.size(), report.units.size(), json)) << "</section>\n";
    return frame(view, "Units of " + d.name + " – Larder", main);
}

std::string unit_page(const overview& view, const units_report& report, const unit_row& unit) {
    const auto& d = report.deployment;
    const auto json = api_of(d.name, "/units");
    html main = tabs(d, tab::unit, json);
    main << "<section class=\"verdict " << (unit.agrees() ? literal{"fresh"} : literal{"stale"})
         << "\" aria-label=\"Summary\"><h1>";
    main.text(unit.id) << " ";
    main.add(state_of(unit)) << "</h1><p>";
    main.text(plural(unit.packages, "package", "packages")) << " installed, reported ";
    main.add(reported(unit, view.now)) << ". ";
    main.text(thousands(unit.differences.size()))
        << (unit.differences.size() == 1 ? literal{" differs"} : literal{" differ"}) << " from generation ";
    main.add(link(page_of(d.name, "/" + std::to_string(d.head)), std::to_string(d.head))) << " of ";
    main.text(d.name) << ". ";
    main.add(link(page_of(d.name, "/units"), "All its units")) << "</p>\n";
    main.add(removal_note(d)) << "</section>\n";
    if (!unit.differences.empty()) {
        std::vector<std::vector<html>> rows;
        for (const auto& one : unit.differences) {
            if (rows.size() == most_rows) break;
            html how;
            how << meaning(one) << (one.held ? literal{"; held back on the unit"} : literal{""});
            rows.push_back({words(one.name), code(one.installed),
                            one.expected.empty() ? words("—") : code(one.expected), words(one.architecture), how});
        }
        main << "<section aria-labelledby=\"differences\"><h2 id=\"differences\">Differences</h2>\n";
        main.add(table("list", "Packages of " + unit.id + " that differ",
                       {"Package", "Installed", "Expected", "Architecture", "How"}, rows));
        main.add(more_of(rows.size(), unit.differences.size(), json)) << "</section>\n";
    }
    return frame(view, unit.id + " – Larder", main);
}

}  // namespace larder::net::site
