#include <site/pocket_pages.hpp>

// The page of one pocket.

namespace larder::net::site {
namespace {

/// What passed is folded up: of a long history nobody reads it.
html findings_of(const pockets::publication& p) {
    html out, passed;
    std::size_t count = 0;
    for (const auto& one : p.findings) {
        auto& to = is_against(one) ? out : passed;
        if (!is_against(one)) ++count;
        to << "<div>";
        to.text(one) << "</div>";
    }
    if (count != 0) {
        out << "<details><summary>";
        out.text(std::to_string(count)) << " passed</summary>";
        out.add(passed) << "</details>";
    }
    if (!p.overridden.empty()) {
        out.add(badge("trouble", "▲", "overridden"));
        out << " <span class=\"danger\">";
        out.text(p.overridden) << "</span>";
    }
    if (p.findings.empty() && p.overridden.empty()) out << "—";
    return out;
}

std::vector<html> row_of(const pockets::publication& p, const pockets::pocket& of, const page_visitor& visitor) {
    const auto at = "/snapshot/" + percent_encode(of.archive) + "/" + p.snapshot.hex() + "/dists/" +
                    percent_encode(of.suite) + "/InRelease";
    std::vector<html> row{link(at, std::to_string(p.number)), moment(p.made), words(step_of(p)),
                          words("+" + thousands(p.added) + " −" + thousands(p.removed) + " ~" + thousands(p.changed)),
                          findings_of(p)};
    if (visitor.whom == told::readers) {
        row.push_back(words(p.by.empty() ? "—" : p.by));
        row.push_back(words(p.reason.empty() ? "—" : p.reason));
    }
    if (visitor.may_promote)
        row.push_back(p.number == of.head
                          ? words("in force")
                          : link(pocket_url(of) + "?do=rollback&to=" + std::to_string(p.number), "roll back to it…"));
    return row;
}

html publications(const pocket_history& of, const page_visitor& visitor) {
    std::vector<std::vector<html>> rows;
    for (const auto& one : of.publications) rows.push_back(row_of(one, of.pocket, visitor));
    std::vector<std::string> columns{"Publication", "Made", "Step", "Packages", "Gate"};
    if (visitor.whom == told::readers) columns.insert(columns.end(), {"By", "Why"});
    if (visitor.may_promote) columns.emplace_back("Back");
    html out;
    out << "<section aria-labelledby=\"publications\"><h2 id=\"publications\">Publications</h2>\n";
    out.add(table("list", "Publications of " + of.pocket.name() + ", the last first", columns, rows));
    out.add(more_of(rows.size(), of.pocket.head, "/api/v1/jobs"));
    out << "<p class=\"more\">";
    out.add(link(pocket_url(of.pocket) + "/feed.atom", "As a feed")) << ".";
    if (visitor.whom == told::everybody)
        out << " Who made them, and why, is shown to those with a token: <a href=\"/pages/sign-in\">sign in</a>.";
    return out << "</p></section>\n";
}

void fact(html& out, literal name, const html& value) {
    out << "<div><dt>" << name << "</dt><dd>";
    out.add(value) << "</dd></div>\n";
}

/// Links to pockets, or a dash.
html pockets_of(const std::vector<std::string>& names) {
    html out;
    if (names.empty()) return out << "—";
    for (const auto& one : names) {
        if (&one != &names.front()) out << "<br>";
        out.add(link(pocket_url(one), one));
    }
    return out;
}

std::vector<std::string> if_any(const std::string& name) {
    return name.empty() ? std::vector<std::string>{} : std::vector<std::string>{name};
}

html facts_of(const pocket_view& view, sys_seconds now) {
    const auto& p = view.of.pocket;
    html out;
    out << "<dl class=\"facts\">\n";
    fact(out, "State", state_of(p, now));
    fact(out, "Fed by", pockets_of(view.fed_by));
    fact(out, "Feeds", pockets_of(if_any(p.feeds.empty() ? "" : p.archive + "/" + p.feeds)));
    fact(out, "Base", words(p.base.empty() ? "—" : p.base));
    fact(out, "Upgrades from", pockets_of(if_any(p.upgrades_from)));
    fact(out, "Upgrades to", pockets_of(view.upgrades_to));
    fact(out, "Components", words(joined(p.components)));
    fact(out, "Architectures", words(joined(p.architectures)));
    html support = support_of(p);
    if (!view.support_warning.empty()) {
        support << " ";
        support.add(badge("stale", "◐", "mind")) << " ";
        support.text(view.support_warning);
    }
    fact(out, "Supported until", support);
    fact(out, "Key", link("/keys/" + percent_encode(p.archive) + ".asc", p.archive + ".asc"));
    return out << "</dl>\n";
}

html frozen_note(const pocket_view& view, const page_visitor& visitor) {
    html out;
    if (view.of.pocket.frozen.empty() || visitor.whom != told::readers) return out;
    out << "<p>It is frozen";
    if (view.freeze) {
        out << " by ";
        out.text(view.freeze->by.empty() ? "somebody" : view.freeze->by) << " since ";
        out.add(moment(view.freeze->when));
    }
    out << ": ";
    return out.text(view.of.pocket.frozen) << "</p>\n";
}

html promotion_form(const pockets::pocket& p) {
    html out;
    out << "<form class=\"act\" method=\"get\" action=\"";
    out.text(pocket_url(p)) << "\"><input type=\"hidden\" name=\"do\" value=\"promote\">\n"
                               "<p><label for=\"only\">Only these sources (empty: all)</label> <input id=\"only\" "
                               "name=\"only\" type=\"text\" autocomplete=\"off\"></p>\n"
                               "<p><button type=\"submit\">Promote…</button> <span class=\"more\">You see what changes "
                               "before it does.</span></p></form>\n";
    return out;
}

html waiting_section(const pocket_view& view, const page_visitor& visitor) {
    const auto& p = view.of.pocket;
    html out;
    if (!view.waiting) return out;
    out << "<section aria-labelledby=\"waiting\"><h2 id=\"waiting\">Waiting for ";
    out.text(p.feeds) << "</h2>\n";
    if (!*view.waiting) {
        out << "<p>";
        out.add(badge("trouble", "▲", "cannot be told")) << " ";
        return out.text(view.waiting->error().detail()) << "</p></section>\n";
    }
    const auto& waiting = ***view.waiting;
    for (const auto& one : waiting.warnings) {
        if (visitor.whom != told::readers) break;  // why something is frozen is not for everybody
        out << "<p>";
        out.add(badge("stale", "◐", "mind")) << " ";
        out.text(one) << "</p>\n";
    }
    out.add(difference_of(waiting)).add(gate_of(waiting));
    if (waiting.asked == asked_gate::no)
        out << "<p class=\"more\">What the gate says is shown to those with a token: <a href=\"/pages/sign-in\">sign "
               "in</a>.</p>\n";
    if (visitor.may_promote && waiting.packages != 0) out.add(promotion_form(p));
    return out << "</section>\n";
}

html names_with(const pocket_view& view, std::string_view role) {
    std::string names;
    for (const auto& [one, name] : view.tokens)
        if (one == role) names += (names.empty() ? "" : ", ") + name;
    return words(names.empty() ? "—" : names);
}

html uploaders_of(const pockets::pocket& p) {
    html out;
    if (p.uploaders.empty()) return out << "nobody";
    out << "<ul>";
    for (const auto& one : p.uploaders) {
        out << "<li>";
        out.text(one.user_id) << " ";
        out.add(code(one.fingerprint)) << "</li>";
    }
    out << "</ul>";
    if (p.upload_token) out << "<p class=\"why\">Over HTTP with a token of the role upload, too.</p>";
    return out;
}

html overrides_of(const pockets::pocket& p) {
    html out;
    if (p.overrides.empty()) return out << "—";
    out << "<ul>";
    for (const auto& [package, said] : p.overrides) {
        out << "<li>";
        out.add(code(package));
        if (!said.section.empty()) out.text(" section " + said.section);
        if (!said.priority.empty()) out.text(" priority " + said.priority);
        if (said.phased) out.text(" phased " + std::to_string(*said.phased) + " %");
        out << "</li>";
    }
    return out << "</ul>";
}

html rights(const pocket_view& view, const page_visitor& visitor) {
    html out;
    if (visitor.whom != told::readers) return out;
    const auto& p = view.of.pocket;
    out << "<section aria-labelledby=\"rights\"><h2 id=\"rights\">Who may do what</h2>\n<dl class=\"facts\">\n";
    fact(out, "Tokens: admin", names_with(view, "admin"));
    fact(out, "Tokens: promote", names_with(view, "promote"));
    fact(out, "Tokens: upload", names_with(view, "upload"));
    fact(out, "Uploaders’ keys", uploaders_of(p));
    if (!p.incoming.empty()) fact(out, "Incoming folder", code(p.incoming));
    fact(out, "Overrides of packages", overrides_of(p));
    return out << "</dl></section>\n";
}

}  // namespace

std::string step_of(const pockets::publication& p) {
    std::string out{to_string(p.how)};
    if (!p.from.empty()) return out + " from " + p.from + (p.origin == 0 ? "" : " " + std::to_string(p.origin));
    return p.origin != 0 ? out + " to " + std::to_string(p.origin) : out;
}

std::string pocket_page(const overview& view, const pocket_view& of, const page_visitor& visitor) {
    const auto& p = of.of.pocket;
    html main;
    main << "<p><a href=\"/pages/pockets\">All pockets</a></p>\n<section aria-labelledby=\"pocket\"><h1 id=\"pocket\">";
    main.text(p.name()) << "</h1>\n";
    if (!p.description.empty()) {
        main << "<p>";
        main.text(p.description) << "</p>\n";
    }
    if (of.done != 0 && of.done == p.head && !of.of.publications.empty()) {
        main << "<p class=\"done\" role=\"status\">Done: ";
        main.text("publication " + std::to_string(of.done) + ", " + step_of(of.of.publications.front())) << ".</p>\n";
    }
    main.add(frozen_note(of, visitor));
    main.add(facts_of(of, view.now)) << "</section>\n";
    main.add(waiting_section(of, visitor)).add(publications(of.of, visitor)).add(rights(of, visitor));
    return frame(view, p.name(), main, pocket_url(p) + "/feed.atom");
}

}  // namespace larder::net::site
