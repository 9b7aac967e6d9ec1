#include <larder/core/status.hpp>
#include <map>
#include <site/page_reply.hpp>
#include <site/pocket_pages.hpp>

namespace larder::net::site {
namespace {

constexpr std::uint64_t most_publications = 100;
constexpr std::size_t most_sources = 500;

std::string pocket_url(const pockets::pocket& of) {
    return "/pages/pockets/" + percent_encode(of.archive) + "/" + percent_encode(of.suite);
}

html state_of(const pockets::pocket& of, sys_seconds now) {
    if (!of.frozen.empty()) return badge("waiting", "○", "frozen");
    if (of.supported_until && *of.supported_until <= now) return badge("stale", "◐", "support ended");
    return badge("fresh", "●", "open");
}

html support_of(const pockets::pocket& of) {
    if (!of.supported_until) return words("—");
    return words(format_iso(*of.supported_until - std::chrono::seconds{1}).substr(0, 10));
}

std::vector<html> row_of(const pocket_row& row, sys_seconds now) {
    const auto& p = row.pocket;
    return {link(pocket_url(p), p.name()),
            state_of(p, now),
            words(std::to_string(p.head)),
            row.last ? moment(row.last->made) : words("—"),
            words(p.feeds.empty() ? "—" : "→ " + p.feeds),
            words(p.base.empty() ? "—" : p.base),
            support_of(p)};
}

/// A row a source package, a column a pocket.
html tracker(const pocket_list& all) {
    std::map<std::string, std::map<std::string, std::string>> versions;
    std::vector<std::string> columns{"Source"};
    for (const auto& row : all.pockets) {
        columns.push_back(row.pocket.suite);
        for (const auto& [source, version] : row.sources) versions[source][row.pocket.name()] = version;
    }
    std::vector<std::vector<html>> rows;
    for (const auto& [source, by_pocket] : versions) {
        if (rows.size() == most_sources) break;
        std::vector<html> cells{words(source)};
        for (const auto& row : all.pockets) {
            const auto found = by_pocket.find(row.pocket.name());
            cells.push_back(words(found == by_pocket.end() ? "—" : found->second));
        }
        rows.push_back(std::move(cells));
    }
    html out;
    out << "<section aria-labelledby=\"sources\"><h2 id=\"sources\">Sources</h2>\n";
    if (rows.empty()) return out << "<p>Nothing is published yet.</p></section>\n";
    out.add(table("list", "Versions of each source package, by pocket", columns, rows));
    out.add(more_of(rows.size(), versions.size(), "/api/v1/jobs"));
    return out << "</section>\n";
}

std::string step_of(const pockets::publication& p) {
    std::string out{to_string(p.how)};
    if (!p.from.empty()) return out + " from " + p.from + (p.origin == 0 ? "" : " " + std::to_string(p.origin));
    return p.origin != 0 ? out + " to " + std::to_string(p.origin) : out;
}

html findings_of(const pockets::publication& p) {
    html out;
    for (const auto& one : p.findings) {
        out << "<div>";
        out.text(one) << "</div>";
    }
    if (!p.overridden.empty()) {
        out.add(badge("trouble", "▲", "overridden"));
        out << " ";
        out.text(p.overridden);
    }
    if (p.findings.empty() && p.overridden.empty()) out << "—";
    return out;
}

std::vector<html> row_of(const pockets::publication& p, const std::string& archive, const std::string& suite,
                         told whom) {
    const auto at = "/snapshot/" + percent_encode(archive) + "/" + p.snapshot.hex() + "/dists/" +
                    percent_encode(suite) + "/InRelease";
    std::vector<html> row{link(at, std::to_string(p.number)), moment(p.made), words(step_of(p)),
                          words("+" + thousands(p.added) + " −" + thousands(p.removed) + " ~" + thousands(p.changed)),
                          findings_of(p)};
    if (whom == told::readers) {
        row.push_back(words(p.by.empty() ? "—" : p.by));
        row.push_back(words(p.reason.empty() ? "—" : p.reason));
    }
    return row;
}

html publications(const pocket_history& of, told whom) {
    std::vector<std::vector<html>> rows;
    for (const auto& one : of.publications) rows.push_back(row_of(one, of.pocket.archive, of.pocket.suite, whom));
    html out;
    out << "<section aria-labelledby=\"publications\"><h2 id=\"publications\">Publications</h2>\n";
    const auto caption = "Publications of " + of.pocket.name() + ", the last first";
    if (whom == told::readers)
        out.add(table("list", caption, {"Publication", "Made", "Step", "Packages", "Gate", "By", "Why"}, rows));
    else
        out.add(table("list", caption, {"Publication", "Made", "Step", "Packages", "Gate"}, rows));
    out.add(more_of(rows.size(), of.pocket.head, "/api/v1/jobs"));
    if (whom == told::everybody)
        out << "<p class=\"more\">Who made them, and why, is shown to those with a token: <a "
               "href=\"/pages/sign-in\">sign in</a>.</p>\n";
    return out << "</section>\n";
}

void fact(html& out, literal name, const html& value) {
    out << "<div><dt>" << name << "</dt><dd>";
    out.add(value) << "</dd></div>\n";
}

site_reply failed(const overview& view, const error& why) {
    const auto status = why.code() == errc::refused ? 404 : core::http_status(why.code());
    const auto heading = status == 404 ? "There is no such pocket" : "This cannot be told";
    return page_reply(trouble_page(view, heading, why.detail()), status);
}

}  // namespace

std::string pockets_page(const overview& view, const pocket_list& all) {
    html main;
    main << "<section aria-labelledby=\"pockets\"><h1 id=\"pockets\">Pockets</h1>\n"
            "<p>Suites that are published here. What is promoted goes from each to the one that it feeds.</p>\n";
    std::vector<std::vector<html>> rows;
    for (const auto& row : all.pockets) rows.push_back(row_of(row, view.now));
    if (rows.empty())
        main << "<p>There is none yet: <code>larder archive create</code> and <code>larder pocket create</code> make "
                "one.</p>\n";
    else
        main.add(table("list", "Pockets, those of a chain one after the other",
                       {"Pocket", "State", "Publication", "Made", "Feeds", "Base", "Supported until"}, rows));
    main << "</section>\n";
    if (!rows.empty()) main.add(tracker(all));
    return frame(view, "Pockets", main);
}

std::string pocket_page(const overview& view, const pocket_history& of, told whom) {
    const auto& p = of.pocket;
    html main;
    main << "<p><a href=\"/pages/pockets\">All pockets</a></p>\n<section aria-labelledby=\"pocket\"><h1 id=\"pocket\">";
    main.text(p.name()) << "</h1>\n";
    if (!p.description.empty()) {
        main << "<p>";
        main.text(p.description) << "</p>\n";
    }
    main << "<dl class=\"tiles\">\n";
    fact(main, "State", state_of(p, view.now));
    fact(main, "Feeds", words(p.feeds.empty() ? "—" : p.feeds));
    fact(main, "Base", words(p.base.empty() ? "—" : p.base));
    fact(main, "Components", words(joined(p.components)));
    fact(main, "Architectures", words(joined(p.architectures)));
    fact(main, "Supported until", support_of(p));
    fact(main, "Key", link("/keys/" + percent_encode(p.archive) + ".asc", p.archive + ".asc"));
    main << "</dl></section>\n";
    if (!p.frozen.empty() && whom == told::readers) {
        main << "<p>It is frozen: ";
        main.text(p.frozen) << "</p>\n";
    }
    main.add(publications(of, whom));
    return frame(view, p.name(), main);
}

bool of_pockets(std::string_view path) { return path == "pockets" || path.starts_with("pockets/"); }

site_reply answer_pocket_page(engine& e, const site_request& request) {
    const auto view = gather(e, e.site());
    const auto whom = request.who >= role::read ? told::readers : told::everybody;
    if (request.path == "pockets") {
        const auto all = list_pockets(e, {});
        return all ? page_reply(pockets_page(view, *all)) : failed(view, all.error());
    }
    const auto of = history_of_pocket(e, request.path.substr(std::string_view{"pockets/"}.size()), most_publications);
    return of ? page_reply(pocket_page(view, *of, whom)) : failed(view, of.error());
}

}  // namespace larder::net::site
