#include <algorithm>
#include <site/deployment_pages.hpp>

// All deployments, and one of them with its generations.

namespace larder::net::site {
namespace {

using deployments::deployment;
using deployments::generation;
using deployments::hold_mode;
using deployments::step;

html state_of(const deployment& d) {
    return d.removed ? badge("waiting", "○", "removed") : badge("fresh", "●", "in force");
}

literal meaning(hold_mode mode) {
    switch (mode) {
        case hold_mode::used: return "what was fetched through it";
        case hold_mode::closure: return "what was fetched through it, and all that needs";
        case hold_mode::full: return "every file of its suites";
    }
    return "";
}

html suites_of(const generation& g) {
    html out;
    bool first = true;
    for (const auto& pin : g.pins) {
        if (!first) out << "<br>";
        first = false;
        out.text(pin.archive + "/" + pin.suite);
    }
    return out;
}

html number_link(const std::string& name, std::uint64_t number) {
    return link(page_of(name, "/" + std::to_string(number)), std::to_string(number));
}

std::vector<html> row_of(const deployment_row& row) {
    const auto& d = row.deployment;
    html made;
    if (row.trouble.empty())
        made.add(moment(row.head.made));
    else
        made.text("cannot be read; larder doctor says what to do");
    return {link(page_of(d.name), d.name), state_of(d),
            number_link(d.name, d.head),   made,
            suites_of(row.head),           words(joined(row.head.architectures)),
            words(to_string(d.hold))};
}

std::string step_of(const generation& g) {
    std::string out{to_string(g.how)};
    if (g.how == step::rollback && g.origin != 0) out += " to " + std::to_string(g.origin);
    return out;
}

std::vector<html> row_of(const deployment& d, const generation& g, told whom) {
    html state, differences;
    if (g.number == d.head)
        state.add(state_of(d));
    else
        state << "former";
    if (g.number > 1) {
        const auto text = "since " + std::to_string(g.number - 1);
        differences.add(link(page_of(d.name, "/" + std::to_string(g.number)) + "#changes", text));
    } else {
        differences << "the first";
    }
    std::vector<html> row{number_link(d.name, g.number), state, moment(g.made), words(step_of(g)), differences};
    if (whom == told::readers) {
        row.push_back(words(g.by.empty() ? "—" : g.by));
        row.push_back(words(g.reason.empty() ? "—" : g.reason));
    }
    return row;
}

html generations(const deployment_history& of, told whom) {
    constexpr std::size_t most = 100;
    const auto& d = of.deployment;
    std::vector<std::vector<html>> rows;
    for (auto g = of.generations.rbegin(); g != of.generations.rend() && rows.size() < most; ++g)
        rows.push_back(row_of(d, *g, whom));
    html out;
    out << "<section aria-labelledby=\"generations\"><h2 id=\"generations\">Generations</h2>\n";
    const auto caption = "Generations of " + d.name + ", the newest first";
    if (whom == told::readers)
        out.add(table("list", caption, {"Generation", "State", "Made", "Step", "Differences", "By", "Why"}, rows));
    else
        out.add(table("list", caption, {"Generation", "State", "Made", "Step", "Differences"}, rows));
    out.add(more_of(rows.size(), of.generations.size(), api_of(d.name, "/generations")));
    for (const auto& one : of.lost) {
        out << "<p class=\"more\">Generation ";
        out.text(std::to_string(one.number)) << " cannot be read: ";
        out.text(one.why) << "</p>\n";
    }
    if (whom == told::everybody)
        out << "<p class=\"more\">Who made them, and why, is shown to those with a token: <a "
               "href=\"/pages/sign-in\">sign in</a>.</p>\n";
    return out << "</section>\n";
}

html pins_of(const deployment& d, const std::vector<pin_view>& pins) {
    std::vector<std::vector<html>> rows;
    for (const auto& [pin, date] : pins) {
        html snapshot, when;
        const auto short_id = pin.snapshot.hex().substr(0, 12);
        // A flat suite's path is its own.
        if (!d.removed && !pin.suite.ends_with('/'))
            snapshot.add(link("/d/" + d.name + "@" + std::to_string(d.head) + "/" + percent_encode(pin.archive) +
                                  "/dists/" + percent_encode(pin.suite) + "/InRelease",
                              short_id));
        else
            snapshot.add(code(short_id));
        if (date)
            when.add(moment(*date));
        else
            when << "its Release cannot be read";
        rows.push_back(
            {words(pin.archive + "/" + pin.suite), when, snapshot,
             words(pin.overlay ? "composed and signed here, with " + thousands(pin.picks.size()) + " picked packages"
                   : pin.shown ? "signed anew here, with a later Date"
                               : "upstream’s own")});
    }
    html out;
    out << "<section aria-labelledby=\"suites\"><h2 id=\"suites\">Suites in generation ";
    out.text(std::to_string(d.head)) << "</h2>\n";
    out.add(table("list", "Suites of " + d.name, {"Suite", "Upstream’s date", "Snapshot", "Signature shown"}, rows));
    return out << "</section>\n";
}

html facts(const deployment& d, const generation& head) {
    html out;
    out << "<section aria-labelledby=\"facts\"><h2 id=\"facts\">As it is</h2>\n<dl class=\"facts\"><div><dt>Keeps for "
           "ever</dt><dd>";
    out.text(to_string(d.hold)) << ": " << meaning(d.hold) << "</dd></div>\n<div><dt>Architectures</dt><dd>";
    out.text(joined(head.architectures)) << "</dd></div>\n";
    if (!d.on_first_use.empty()) {
        out << "<div><dt>Pinned on first use</dt><dd>suites of ";
        out.text(joined(d.on_first_use)) << "</dd></div>\n";
    }
    out << "<div><dt>Units report</dt><dd>";
    out << (d.token.empty() ? literal{"not yet: it has no join token"} : literal{"with its join token"});
    if (!d.removed) {
        out << "</dd></div>\n<div><dt>Files for machines</dt><dd>";
        out.add(link("/d/" + d.name, "/d/" + d.name));
    }
    return out << "</dd></div></dl></section>\n";
}

}  // namespace

std::string deployments_page(const overview& view, const deployment_list& all) {
    const auto live = static_cast<std::size_t>(std::count_if(all.deployments.begin(), all.deployments.end(),
                                                             [](const auto& row) { return !row.deployment.removed; }));
    html main;
    main << "<section class=\"verdict " << (live > 0 ? literal{"fresh"} : literal{"waiting"})
         << "\" aria-label=\"Summary\"><h1>";
    if (all.deployments.empty())
        main << "There is no deployment yet";
    else
        main.text(plural(live, "deployment", "deployments"));
    main << "</h1><p>A deployment is a name for suites at states that do not change until somebody says so.";
    if (const auto gone = all.deployments.size() - live; gone > 0) {
        main << " ";
        main.text(plural(gone, "more was", "more were")) << " removed.";
    }
    main << "</p></section>\n";
    if (all.deployments.empty()) {
        main << "<section aria-labelledby=\"make\"><h2 id=\"make\">Make one</h2>\n<p>Where the server runs:</p>\n<pre "
                "tabindex=\"0\"><code>larder deployment create NAME --suite ARCHIVE/SUITE</code></pre></section>\n";
        return frame(view, "Deployments – Larder", main);
    }
    std::vector<std::vector<html>> rows;
    for (const auto& row : all.deployments) {
        if (rows.size() == most_rows) break;
        rows.push_back(row_of(row));
    }
    main << "<section aria-labelledby=\"all\"><h2 id=\"all\">All of them</h2>\n";
    main.add(table("list", "Deployments",
                   {"Deployment", "State", "Generation", "Made", "Suites", "Architectures", "Holds"}, rows));
    main.add(more_of(rows.size(), all.deployments.size(), "/api/v1/deployments")) << "</section>\n";
    return frame(view, "Deployments – Larder", main);
}

std::string deployment_page(const overview& view, const deployment_history& of, const std::vector<pin_view>& pins,
                            told whom) {
    const auto& d = of.deployment;
    const auto& head = of.generations.back();
    html main = tabs(d, tab::overview, api_of(d.name, "/generations"));
    main << "<section class=\"verdict " << (d.removed ? literal{"waiting"} : literal{"fresh"})
         << "\" aria-label=\"Summary\"><h1>";
    main.text(d.name) << " ";
    main.add(state_of(d)) << "</h1><p>";
    if (d.removed)
        main << "Its last generation was ";
    else
        main << "Its machines get generation ";
    main.add(number_link(d.name, d.head)) << ", made ";
    main.add(moment(head.made)) << ".</p>\n";
    main.add(removal_note(d)) << "</section>\n";
    main.add(pins_of(d, pins)).add(generations(of, whom)).add(facts(d, head));
    return frame(view, d.name + " – Larder", main);
}

}  // namespace larder::net::site
