#include <map>
#include <site/pocket_pages.hpp>

// The page of all pockets: the chains, and the versions at each stage.

namespace larder::net::site {
namespace {

constexpr std::size_t most_sources = 500;

using places = std::vector<chain_place>;

bool feeds(const chain_place& from, const chain_place& to) {
    return from.row.pocket.archive == to.row.pocket.archive && from.row.pocket.feeds == to.row.pocket.suite;
}

/// What stands at an arrow.
html arrow_of(const chain_place& from) {
    const auto& p = from.row.pocket;
    html out;
    out << "<p class=\"step\"><span aria-hidden=\"true\" class=\"arrow\">→</span> ";
    const auto& waits = from.waiting;
    if (!waits) return out << "</p>\n";
    const auto count = !*waits                    ? std::string{"what waits cannot be told"}
                       : (**waits)->packages == 0 ? std::string{"nothing waits"}
                                                  : plural((**waits)->packages, "package waits", "packages wait");
    out << "<a href=\"";
    out.text(pocket_url(p)) << "#waiting\">";
    out.text(count) << "</a> <span class=\"unseen\">for ";
    return out.text(p.archive + "/" + p.feeds) << "</span></p>\n";
}

html box_of(const chain_place& place, const overview& view, bool last) {
    const auto& p = place.row.pocket;
    html out;
    out << "<li><div class=\"box\"><h3>";
    out.add(link(pocket_url(p), p.suite)) << "</h3>\n<p>";
    out.add(state_of(p, view.now)) << " publication ";
    out.text(std::to_string(p.head));
    if (place.row.last) {
        out << "<br>";
        out.add(moment(place.row.last->made));
    }
    out << "</p></div>\n";
    if (!p.feeds.empty()) out.add(arrow_of(place));
    if (last && !p.feeds.empty()) {
        out << "<p class=\"step\">";
        out.add(link(pocket_url(p.archive + "/" + p.feeds), p.feeds)) << "</p>\n";
    }
    return out << "</li>\n";
}

html chains(const places& all, const overview& view) {
    html out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool begins = i == 0 || !feeds(all[i - 1], all[i]);
        const bool ends = i + 1 == all.size() || !feeds(all[i], all[i + 1]);
        if (begins) {
            out << "<ol class=\"chain\" role=\"list\" aria-label=\"A chain of ";
            out.text(all[i].row.pocket.archive) << "\">\n";
        }
        out.add(box_of(all[i], view, ends));
        if (ends) out << "</ol>\n";
    }
    return out;
}

std::vector<html> row_of(const pocket_row& row) {
    const auto& p = row.pocket;
    html support = support_of(p);
    if (!row.warning.empty()) {
        support << "<p class=\"why\">";
        support.text(row.warning) << "</p>";
    }
    return {link(pocket_url(p), p.name()),
            words(p.feeds.empty() ? "—" : "→ " + p.feeds),
            words(p.base.empty() ? "—" : p.base),
            words(p.upgrades_from.empty() ? "—" : p.upgrades_from),
            words(row.upgrades_to.empty() ? "—" : joined(row.upgrades_to)),
            support};
}

/// By the name of a source package, and of a pocket.
using version_table = std::map<std::string, std::map<std::string, std::string>>;

/// One that the next stage has not is marked.
html version_cell(const std::map<std::string, std::string>& by_pocket, const pockets::pocket& here) {
    const auto found = by_pocket.find(here.name());
    if (found == by_pocket.end()) return words("—");
    const auto next = by_pocket.find(here.archive + "/" + here.feeds);
    if (here.feeds.empty() || (next != by_pocket.end() && next->second == found->second)) return words(found->second);
    html out;
    out << "<span class=\"differs\">";
    return out.text(found->second) << "<span class=\"unseen\">, not at the next stage</span></span>";
}

/// A row a source package, a column a pocket.
html tracker(const places& all) {
    version_table versions;
    std::vector<std::string> columns{"Source"};
    for (const auto& [row, waiting] : all) {
        columns.push_back(row.pocket.suite);
        for (const auto& [source, version] : row.sources) versions[source][row.pocket.name()] = version;
    }
    std::vector<std::vector<html>> rows;
    for (const auto& [source, by_pocket] : versions) {
        if (rows.size() == most_sources) break;
        std::vector<html> cells{words(source)};
        for (const auto& place : all) cells.push_back(version_cell(by_pocket, place.row.pocket));
        rows.push_back(std::move(cells));
    }
    html out;
    out << "<section aria-labelledby=\"sources\"><h2 id=\"sources\">Sources</h2>\n";
    if (rows.empty()) return out << "<p>Nothing is published yet.</p></section>\n";
    out << "<p>A version that the next stage does not have is <span class=\"differs\">marked</span>.</p>\n";
    out.add(table("list", "Versions of each source package, by pocket", columns, rows));
    out.add(more_of(rows.size(), versions.size(), "/api/v1/jobs"));
    return out << "</section>\n";
}

}  // namespace

std::string pockets_page(const overview& view, const places& all) {
    html main;
    main << "<section aria-labelledby=\"pockets\"><h1 id=\"pockets\">Pockets</h1>\n"
            "<p>Suites that are published here. What is promoted goes from each to the one that it feeds. "
            "<a href=\"/pages/pockets/feed.atom\">Feed of publications</a></p>\n";
    if (all.empty()) {
        main << "<p>There is none yet: <code>larder archive create</code> and <code>larder pocket create</code> make "
                "one.</p>\n</section>\n";
        return frame(view, "Pockets", main, "/pages/pockets/feed.atom");
    }
    main << "<h2>Chains</h2>\n";
    main.add(chains(all, view)) << "</section>\n";
    main.add(tracker(all));
    std::vector<std::vector<html>> rows;
    for (const auto& place : all) rows.push_back(row_of(place.row));
    main << "<section aria-labelledby=\"paths\"><h2 id=\"paths\">Bases, ways and support</h2>\n";
    main.add(table("list", "Pockets, those of a chain one after the other",
                   {"Pocket", "Feeds", "Base", "Upgrades from", "Upgrades to", "Supported until"}, rows))
        << "</section>\n";
    return frame(view, "Pockets", main, "/pages/pockets/feed.atom");
}

}  // namespace larder::net::site
