#include <larder/base/text.hpp>
#include <site/pocket_step_pages.hpp>

// What is agreed to before a pocket is promoted or rolled back.

namespace larder::net::site {
namespace {

using kind = index::package_change::kind;

std::string publication_of(const std::string& pocket, std::uint64_t number) {
    return "publication " + std::to_string(number) + " of " + pocket;
}

void hidden(html& out, literal name, std::string_view value) {
    out << "<input type=\"hidden\" name=\"" << name << "\" value=\"";
    out.text(value, 100'000) << "\">\n";
}

void add_override(html& out, const page_visitor& visitor) {
    if (visitor.is_admin)
        out << "<p class=\"danger\"><label for=\"override\">The gate says no. Why is that set aside? The history shows "
               "it "
               "in red, for ever.</label> <input id=\"override\" name=\"override\" type=\"text\" required "
               "maxlength=\"1000\" autocomplete=\"off\"></p>\n";
}

void add_form(html& out, const step_question& asked, const waiting_view& waiting, const page_visitor& visitor) {
    out << "<form class=\"act\" method=\"post\" action=\"";
    out.text(pocket_url(asked.pocket)) << "\">\n";
    hidden(out, "do", asked.what);
    hidden(out, "from", std::to_string(waiting.shown.from));
    hidden(out, "to", std::to_string(waiting.shown.to));
    hidden(out, "what", waiting.shown.what.hex());
    hidden(out, "only", joined(asked.only));
    hidden(out, "seal", asked.seal);
    out << "<p><label for=\"reason\">Why? It stands in the history.</label> <input id=\"reason\" name=\"reason\" "
           "type=\"text\" required maxlength=\"1000\" autocomplete=\"off\"></p>\n";
    if (!waiting.passed) add_override(out, visitor);
    out << "<p><button type=\"submit\">" << (asked.what == "promote" ? literal{"Promote"} : literal{"Roll back"})
        << "</button> ";
    out.add(link(pocket_url(asked.pocket), "Leave it")) << "</p>\n</form>\n";
}

/// Why there is nothing to agree to; empty when there is.
std::string hindrance(const step_question& asked, const waiting_view& waiting, const page_visitor& visitor,
                      sys_seconds now) {
    if (waiting.packages == 0) return "There is nothing to do: nothing would change.";
    if (!waiting.to.frozen.empty())
        return "Nothing can be published in " + waiting.to.name() + ": it is frozen. larder pocket unfreeze opens it.";
    if (asked.what == "promote" && pockets::support_has_ended(waiting.to, now))
        return "The support of " + waiting.to.name() +
               " has ended. larder pocket promote --past-support promotes to it all the same.";
    if (!waiting.passed && !visitor.is_admin)
        return "The gate says no. Only a token with the role admin can set that aside.";
    return {};
}

}  // namespace

html difference_of(const waiting_view& waiting) {
    static constexpr std::array<literal, 5> names{"added", "removed", "upgraded", "downgraded", "changed"};
    html out;
    if (waiting.packages == 0) return out << "<p>Nothing: both have the same.</p>\n";
    out << "<p>";
    out.text(plural(waiting.packages, "package changes", "packages change")) << ": ";
    bool first = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (waiting.counts.at(i) == 0) continue;
        if (!first) out << ", ";
        first = false;
        out.text(thousands(waiting.counts.at(i))) << " " << names.at(i);
    }
    out << ".</p>\n";
    std::vector<std::vector<html>> rows;
    for (const auto& one : waiting.first) {
        const bool down = one.what == kind::downgraded || one.what == kind::removed;
        html what;
        if (down) what << "<span class=\"differs\">";
        what.text(to_string(one.what));
        if (down) what << "</span>";
        rows.push_back({words(one.name), words(one.architecture), what, words(one.before.empty() ? "—" : one.before),
                        words(one.after.empty() ? "—" : one.after)});
    }
    out.add(table("list", "Packages that change", {"Package", "Architecture", "Change", "Was", "Becomes"}, rows));
    if (waiting.packages > rows.size()) {
        out << "<p class=\"more\">";
        out.text(thousands(rows.size())) << " are shown, and there are ";
        out.text(thousands(waiting.packages - rows.size()))
            << " more: <code>larder pocket promote --dry-run</code> tells all.</p>\n";
    }
    return out;
}

html gate_of(const waiting_view& waiting) {
    html out;
    if (waiting.findings.empty()) return out;
    out << "<h3>The gate</h3>\n<ul class=\"plain gate\">\n";
    for (const auto& one : waiting.findings) {
        const bool no = is_against(one);
        out << "<li>";
        out.add(no ? badge("trouble", "▲", "no") : badge("fresh", "●", "passed")) << " ";
        out.text(one) << "</li>\n";
    }
    return out << "</ul>\n";
}

std::string step_page(const overview& view, const step_question& asked, const waiting_view& waiting,
                      const page_visitor& visitor) {
    const bool promotes = asked.what == "promote";
    const auto heading = promotes ? "Promote " + asked.pocket + " to " + waiting.to.name()
                                  : "Roll " + asked.pocket + " back to publication " + std::to_string(asked.to);
    html main;
    main << "<p>";
    main.add(link(pocket_url(asked.pocket), asked.pocket))
        << "</p>\n<section aria-labelledby=\"step\"><h1 id=\"step\">";
    main.text(heading) << "</h1>\n<p>As of ";
    main.text(promotes ? publication_of(asked.pocket, waiting.shown.from) + " and " : std::string{});
    main.text(publication_of(waiting.to.name(), waiting.shown.to))
        << ". When that has changed before you agree, nothing is done, and you are told.</p>\n";
    if (!asked.only.empty()) {
        main << "<p>Only these sources: ";
        main.text(joined(asked.only)) << "</p>\n";
    }
    for (const auto& one : waiting.warnings) {
        main << "<p>";
        main.add(badge("stale", "◐", "mind")) << " ";
        main.text(one) << "</p>\n";
    }
    main << "</section>\n<section aria-labelledby=\"difference\"><h2 id=\"difference\">What changes</h2>\n";
    main.add(difference_of(waiting)).add(gate_of(waiting))
        << "</section>\n"
           "<section aria-labelledby=\"agree\"><h2 id=\"agree\">Do it</h2>\n";
    if (const auto why = hindrance(asked, waiting, visitor, view.now); !why.empty()) {
        main << "<p>";
        main.text(why) << "</p>\n";
    } else {
        add_form(main, asked, waiting, visitor);
    }
    main << "</section>\n";
    return frame(view, heading, main);
}

std::string refusal_page(const overview& view, std::string_view heading, std::string_view why,
                         const std::vector<std::string>& findings, std::string_view back) {
    html main;
    main << "<section class=\"verdict trouble\"><h1>";
    main.text(heading) << "</h1><p>";
    main.text(why) << "</p>";
    if (!findings.empty()) main << "<ul>";
    for (const auto& one : findings) {
        main << "<li>";
        main.text(one) << "</li>";
    }
    if (!findings.empty()) main << "</ul>";
    main << "<p>Nothing was published. ";
    main.add(link(back, "Look again")) << "</p></section>\n";
    return frame(view, heading, main);
}

}  // namespace larder::net::site
