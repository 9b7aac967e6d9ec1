#include <algorithm>
#include <numeric>
#include <site/deployment_pages.hpp>

// One generation of a deployment, set against another.

namespace larder::net::site {
namespace {

using deployments::generation;
using kind = index::package_change::kind;

constexpr std::array<kind, 5> all_kinds_of_change{kind::upgraded, kind::downgraded, kind::added, kind::removed,
                                                  kind::changed};

std::size_t count(const generation_changes& of, kind what) {
    std::size_t n = 0;
    for (const auto& one : of.suites) n += one.counts[static_cast<std::size_t>(what)];
    return n;
}

literal name_of(kind what) {
    switch (what) {
        case kind::added: return "Added";
        case kind::removed: return "Removed";
        case kind::upgraded: return "Upgraded";
        case kind::downgraded: return "Downgraded";
        case kind::changed: return "Changed";
    }
    return "";
}

html tiles(const generation_changes& of) {
    html out;
    out << "<dl class=\"tiles\">\n";
    for (const auto what : all_kinds_of_change)
        tile(out, name_of(what), thousands(count(of, what)),
             what == kind::changed ? "the same version, other contents" : "packages");
    return out << "</dl>\n";
}

html version(const std::string& text) { return text.empty() ? words("—") : code(text); }

html suite_section(const suite_changes& of, const std::string& json) {
    html out;
    out << "<section class=\"detail\"><h3>";
    out.text(of.archive + "/" + of.suite) << "</h3>\n";
    for (const auto& one : of.unread) {
        out << "<p class=\"why\">Not compared, since it is not here: ";
        out.text(one) << "</p>\n";
    }
    if (of.packages == 0) return out << "<p>No package of its architectures changed.</p></section>\n";
    std::vector<std::vector<html>> rows;
    for (const auto& c : of.first)
        rows.push_back({words(c.name), words(to_string(c.what)), version(c.before), version(c.after),
                        words(c.architecture), words(c.source)});
    out.add(table("list", "Packages that changed in " + of.archive + "/" + of.suite,
                  {"Package", "Change", "Before", "After", "Architecture", "Source"}, rows));
    return out.add(more_of(rows.size(), of.packages, json)) << "</section>\n";
}

/// The others that it can be set against, the nearest of them.
html others(const deployment_history& of, const generation& shown, std::uint64_t against) {
    constexpr std::uint64_t around = 10;
    html out;
    if (of.generations.size() < 2) return out;
    out << "<p>Set it against generation:</p>\n<ul class=\"row\">\n";
    // Not all numbers are there: some may be lost.
    for (const auto& one : of.generations) {
        const auto n = one.number;
        if (n == shown.number || n + around < shown.number || n > shown.number + around) continue;
        out << "<li><a href=\"";
        out.text(page_of(of.deployment.name,
                         "/" + std::to_string(shown.number) + "?against=" + std::to_string(n) + "#changes"))
            << "\"" << (n == against ? literal{" aria-current=\"true\""} : literal{""}) << ">";
        out.text(std::to_string(n)) << "</a></li>\n";
    }
    return out << "</ul>\n";
}

html changes_section(const deployment_history& of, const generation& shown, std::uint64_t against,
                     const generation_changes* changes) {
    html out;
    out << "<section aria-labelledby=\"changes\"><h2 id=\"changes\">";
    if (changes == nullptr && shown.number > 1) {
        out << "Nothing to set it against</h2>\n<p>The generation before it cannot be read any more.</p>\n";
    } else if (changes == nullptr) {
        out << "Nothing before it</h2>\n<p>This is the first generation.</p>\n";
    } else {
        out << "From generation ";
        out.text(std::to_string(against)) << " to ";
        out.text(std::to_string(shown.number)) << "</h2>\n";
        out.add(tiles(*changes)) << "<p class=\"more\">";
        const auto json = api_of(of.deployment.name,
                                 "/diff?before=" + std::to_string(against) + "&after=" + std::to_string(shown.number));
        out << "All of it: ";
        out.add(link(json, "these differences as JSON")) << ".</p>\n";
        if (changes->suites.empty()) out << "<p>Both have the same suites at the same states.</p>\n";
        for (const auto& one : changes->suites) out.add(suite_section(one, json));
    }
    return out.add(others(of, shown, against)) << "</section>\n";
}

html pins_section(const std::vector<pin_view>& pins, const generation& shown, const generation* before) {
    std::vector<std::vector<html>> rows;
    for (const auto& [pin, date] : pins) {
        const auto* was = before == nullptr ? nullptr : before->find(pin.archive, pin.suite);
        html when;
        if (date)
            when.add(moment(*date));
        else
            when << "its Release cannot be read";
        html then;
        if (was == nullptr)
            then << "—";
        else if (was->snapshot == pin.snapshot)
            then << (was->listed() == pin.listed() ? literal{"the same"} : literal{"the same, other packages picked"});
        else
            then.add(code(was->snapshot.hex().substr(0, 12)));
        rows.push_back({words(pin.archive + "/" + pin.suite), when, code(pin.snapshot.hex().substr(0, 12)), then});
    }
    html out;
    out << "<section aria-labelledby=\"suites\"><h2 id=\"suites\">Suites</h2>\n";
    out.add(table("list", "Suites of generation " + std::to_string(shown.number),
                  {"Suite", "Upstream’s date", "Snapshot", "In the other generation"}, rows));
    return out << "</section>\n";
}

/// What was taken of other states; nothing where nothing was.
html picks_section(const generation& shown) {
    std::vector<std::vector<html>> rows;
    std::size_t all = 0;
    for (const auto& pin : shown.pins)
        for (const auto& one : pin.picks) {
            if (++all > most_rows) continue;
            html from;
            if (one.version.empty())
                from << "left out, so that another suite’s counts";
            else
                from.add(code(one.from.hex().substr(0, 12)));
            rows.push_back({words(one.name), version(one.version), words(one.architecture),
                            words(pin.archive + "/" + pin.suite), from});
        }
    html out;
    if (all == 0) return out;
    out << "<section aria-labelledby=\"picks\"><h2 id=\"picks\">Picked packages</h2>\n<p>They are not as the suite’s "
           "snapshot has them, but as another. What machines are shown was composed of both here.</p>\n";
    out.add(table("list", "Packages of other states in generation " + std::to_string(shown.number),
                  {"Package", "Version", "Architecture", "Suite", "Of snapshot"}, rows));
    out.add(more_of(rows.size(), all, api_of(shown.deployment, "/generations")));
    return out << "</section>\n";
}

html neighbours(const deployment_history& of, const generation& shown) {
    html out;
    out << "<p>";
    const auto& all = of.generations;
    const auto here =
        std::find_if(all.begin(), all.end(), [&](const generation& g) { return g.number == shown.number; });
    if (here != all.end() && here != all.begin()) {
        const auto n = std::to_string(std::prev(here)->number);
        out.add(link(page_of(of.deployment.name, "/" + n), "Generation " + n + ", before it")) << " ";
    }
    if (here != all.end() && std::next(here) != all.end()) {
        const auto n = std::to_string(std::next(here)->number);
        out.add(link(page_of(of.deployment.name, "/" + n), "Generation " + n + ", after it"));
    }
    return out << "</p>\n";
}

html verdict(const deployment_history& of, const generation& shown, told whom) {
    const auto& d = of.deployment;
    const bool in_force = shown.number == d.head && !d.removed;
    html out;
    out << "<section class=\"verdict " << (in_force ? literal{"fresh"} : literal{"waiting"})
        << "\" aria-label=\"Summary\"><h1>";
    out.text(d.name) << ", generation ";
    out.text(std::to_string(shown.number)) << " ";
    if (in_force)
        out.add(badge("fresh", "●", "in force"));
    else
        out.add(d.removed ? badge("waiting", "○", "removed") : badge("waiting", "○", "former"));
    out << "</h1><p>Made ";
    out.add(moment(shown.made)) << " (";
    out.text(shown.how == deployments::step::rollback && shown.origin != 0
                 ? "rollback to generation " + std::to_string(shown.origin)
                 : std::string{to_string(shown.how)})
        << ")";
    if (whom == told::readers && !shown.by.empty()) {
        out << " by ";
        out.text(shown.by);
    }
    if (whom == told::readers && !shown.reason.empty()) {
        out << ": ";
        out.text(shown.reason);
    }
    out << "</p>\n";
    out.add(neighbours(of, shown));
    return out.add(removal_note(d)) << "</section>\n";
}

}  // namespace

bool generation_changes::whole() const {
    return std::all_of(suites.begin(), suites.end(), [](const auto& one) { return one.unread.empty(); });
}

generation_changes shorten(generation_diff all) {
    generation_changes made;
    for (auto& d : all.differences) {
        suite_changes one;
        one.archive = std::move(d.archive);
        one.suite = std::move(d.suite);
        one.unread = std::move(d.unread);
        one.packages = d.packages.size();
        for (const auto& c : d.packages) ++one.counts[static_cast<std::size_t>(c.what)];
        if (d.packages.size() > most_rows) d.packages.resize(most_rows);
        d.packages.shrink_to_fit();
        one.first = std::move(d.packages);
        made.suites.push_back(std::move(one));
    }
    return made;
}

std::string generation_page(const overview& view, const deployment_history& of, const generation& shown,
                            const std::vector<pin_view>& pins, std::uint64_t against, const generation_changes* changes,
                            told whom) {
    const auto& d = of.deployment;
    const auto& all = of.generations;
    const auto other = std::find_if(all.begin(), all.end(), [&](const generation& g) { return g.number == against; });
    const auto* before = changes == nullptr || other == all.end() ? nullptr : &*other;
    html main = tabs(d, tab::generation, api_of(d.name, "/diff?after=" + std::to_string(shown.number)));
    main.add(verdict(of, shown, whom)).add(pins_section(pins, shown, before)).add(picks_section(shown));
    main.add(changes_section(of, shown, against, changes));
    return frame(view, d.name + ", generation " + std::to_string(shown.number) + " – Larder", main);
}

}  // namespace larder::net::site
