#include <algorithm>
#include <larder/base/units.hpp>
#include <site/deployment_pages.hpp>

// What a deployment holds, and what is at risk.

namespace larder::net::site {
namespace {

html verdict(const hold_report& report) {
    const auto& d = report.deployment;
    const bool whole = report.at_risk + report.lost == 0 && report.unresolved.empty();
    html out;
    out << "<section class=\"verdict "
        << (report.lost > 0 ? literal{"trouble"}
            : !whole        ? literal{"stale"}
                            : literal{"fresh"})
        << "\" aria-label=\"Summary\"><h1>";
    if (report.lost > 0)
        out.text(plural(report.lost, "file is", "files are")) << " lost";
    else if (report.at_risk > 0)
        out.text(plural(report.at_risk, "file is", "files are")) << " at risk";
    else if (!report.unresolved.empty())
        out << "Something that packages need is in no suite";
    else
        out << "All that it holds is here";
    out << "</h1><p>Of generation ";
    out.add(link(page_of(d.name, "/" + std::to_string(d.head)), std::to_string(d.head))) << " of ";
    out.text(d.name) << ", whose hold is <strong>";
    out.text(to_string(d.hold)) << "</strong>.</p>\n";
    if (report.at_risk > 0) {
        out << "<p>At risk is what is not here while upstream may still have it: <code>larder deployment fetch ";
        out.text(d.name) << "</code> brings it.</p>\n";
    }
    if (report.lost > 0) out << "<p>Lost is what upstream was asked for, and has no more.</p>\n";
    return out.add(removal_note(d)) << "</section>\n";
}

html tiles(const hold_report& report) {
    html out;
    out << "<section aria-labelledby=\"held\"><h2 id=\"held\">What is held</h2>\n<dl class=\"tiles\">\n";
    tile(out, "Held", thousands(report.held), "files, here for ever");
    tile(out, "Size", format_size(report.held_bytes), "of these files");
    tile(out, "At risk", thousands(report.at_risk), "not here; upstream may have it");
    tile(out, "Lost", thousands(report.lost), "not here, and not at upstream");
    return out << "</dl></section>\n";
}

html missing(const hold_report& report, const std::string& json) {
    // What is lost stands in front.
    std::vector<const hold_row*> order;
    for (const auto& row : report.rows) order.push_back(&row);
    std::stable_partition(order.begin(), order.end(), [](const auto* row) { return row->state == hold_state::lost; });
    if (order.size() > most_rows) order.resize(most_rows);
    std::vector<std::vector<html>> rows;
    for (const auto* row : order) {
        html state = row->state == hold_state::lost ? badge("trouble", "▲", "lost") : badge("stale", "◐", "at risk");
        if (!row->why.empty()) {
            state << "<p class=\"why\">";
            state.text(row->why, 300) << "</p>";
        }
        rows.push_back({words(row->package), state, code(row->version), words(row->architecture),
                        words(format_size(row->size)), words(row->archive + "/" + row->path)});
    }
    html out;
    out << "<section aria-labelledby=\"missing\"><h2 id=\"missing\">Not here</h2>\n";
    out.add(table("list", "Files that are held and not here, the lost ones first",
                  {"Package", "State", "Version", "Architecture", "Size", "File"}, rows));
    return out.add(more_of(rows.size(), report.rows.size(), json)) << "</section>\n";
}

html unresolved(const hold_report& report, const std::string& json) {
    const auto shown = std::min(most_rows, report.unresolved.size());
    html out;
    out << "<section aria-labelledby=\"unresolved\"><h2 id=\"unresolved\">Needed, and in no suite</h2>\n<ul>\n";
    for (std::size_t i = 0; i < shown; ++i) {
        out << "<li>";
        out.text(report.unresolved[i]) << "</li>\n";
    }
    out << "</ul>\n";
    return out.add(more_of(shown, report.unresolved.size(), json)) << "</section>\n";
}

}  // namespace

std::string holding_page(const overview& view, const hold_report& report) {
    const auto& d = report.deployment;
    const auto json = api_of(d.name, "/status");
    html main = tabs(d, tab::holding, json);
    main.add(verdict(report)).add(tiles(report));
    if (!report.rows.empty()) main.add(missing(report, json));
    if (!report.unresolved.empty()) main.add(unresolved(report, json));
    return frame(view, "Held for " + d.name + " – Larder", main);
}

}  // namespace larder::net::site
