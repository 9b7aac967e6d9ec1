#include <larder/base/units.hpp>
#include <site/pages.hpp>

// The pieces that pages are made of.

namespace larder::net::site {
namespace {

html class_of(health_level level) {
    html out;
    out.text(to_string(level));
    return out;
}

literal sign_of(health_level level) {
    switch (level) {
        case health_level::fresh: return "●";
        case health_level::waiting: return "○";
        case health_level::stale: return "◐";
        case health_level::trouble: return "▲";
    }
    return "▲";
}

/// "Debian Archive Automatic Signing Key (12/bookworm)", without the address behind it.
std::string_view name_of(const signer_view& signer) {
    if (signer.user_id.empty()) return std::string_view{signer.fingerprint}.substr(0, 16);
    return trim(std::string_view{signer.user_id}.substr(0, signer.user_id.find('<')));
}

html signers_cell(const suite_view& suite) {
    html out;
    if (suite.signers.empty()) return out << "—";
    out << "<span title=\"";
    out.text(suite.signers.front().fingerprint) << "\">";
    out.text(name_of(suite.signers.front())) << "</span>";
    if (const auto more = suite.signers.size() - 1; more > 0) {
        out << " <small>and ";
        out.text(std::to_string(more)) << " more</small>";
    }
    return out;
}

html state_cell(const suite_view& suite) {
    html out = badge(suite.how.level);
    if (!suite.how.reason.empty()) {
        out << "<p class=\"why\">";
        out.text(suite.how.reason, 600) << "</p>";
    }
    return out;
}

html confirmed_cell(const suite_view& suite) {
    html out;
    if (!suite.age || !suite.status.validated) return out << "never";
    out << "<time datetime=\"";
    out.text(format_iso(*suite.status.validated)) << "\">";
    out.text(format_duration(*suite.age)) << " ago</time>";
    return out;
}

html suite_row(const suite_view& suite) {
    html out;
    out << "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">";
    out.text(suite.status.name) << "</th><td role=\"cell\" data-label=\"State\"><div>";
    out.add(state_cell(suite)) << "</div></td><td role=\"cell\" data-label=\"Upstream’s date\">";
    if (suite.status.date)
        out.add(moment(*suite.status.date));
    else
        out << "—";
    out << "</td><td role=\"cell\" data-label=\"Confirmed\">";
    out.add(confirmed_cell(suite)) << "</td><td role=\"cell\" data-label=\"Snapshot\">";
    if (suite.status.snapshot.empty()) {
        out << "—";
    } else {
        out << "<code title=\"";
        out.text(suite.status.snapshot) << "\">";
        out.text(std::string_view{suite.status.snapshot}.substr(0, 12)) << "</code>";
    }
    out << "</td><td role=\"cell\" data-label=\"Signed by\"><div>";
    return out.add(signers_cell(suite)) << "</div></td></tr>\n";
}

html mirror_row(const mirror_view& mirror) {
    html out;
    out << "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">";
    out.text(mirror.url) << "</th><td role=\"cell\" data-label=\"State\"><div>";
    if (mirror.failures > 0) {
        out << "<span class=\"badge trouble\"><span aria-hidden=\"true\">▲</span> failing</span><p class=\"why\">";
        out.text(std::to_string(mirror.failures))
            << (mirror.failures == 1 ? literal{" failure"} : literal{" failures in a row"});
        if (!mirror.last_error.empty()) {
            out << ": ";
            out.text(mirror.last_error, 400);
        }
        out << (mirror.waiting ? literal{". Left alone for a while.</p>"} : literal{"</p>"});
    } else if (!mirror.latency) {
        out << "<span class=\"badge waiting\"><span aria-hidden=\"true\">○</span> ready</span>";
    } else {
        out << "<span class=\"badge fresh\"><span aria-hidden=\"true\">●</span> answers</span>";
    }
    if (mirror.mismatches > 0) {
        out << "<p class=\"why\">Sent wrong bytes ";
        out.text(std::to_string(mirror.mismatches))
            << (mirror.mismatches == 1 ? literal{" time.</p>"} : literal{" times.</p>"});
    }
    out << "</div></td><td role=\"cell\" data-label=\"First byte after\">";
    if (mirror.latency && mirror.latency->count() == 0)
        out << "less than 1 ms";
    else if (mirror.latency)
        out.text(std::to_string(mirror.latency->count())) << " ms";
    else
        out << "—";
    return out << "</td></tr>\n";
}

}  // namespace

html badge(health_level level) {
    html out;
    out << "<span class=\"badge ";
    out.add(class_of(level)) << "\"><span aria-hidden=\"true\">" << sign_of(level) << "</span> ";
    return out.add(class_of(level)) << "</span>";
}

html badge(literal level, literal sign, literal words) {
    html out;
    return out << "<span class=\"badge " << level << "\"><span aria-hidden=\"true\">" << sign << "</span> " << words
               << "</span>";
}

html table(literal css, std::string_view caption, std::initializer_list<literal> columns,
           const std::vector<std::vector<html>>& rows) {
    std::vector<std::string> names;
    for (const auto& one : columns) names.emplace_back(one.text);
    return table(css, caption, names, rows);
}

html table(literal css, std::string_view caption, const std::vector<std::string>& columns,
           const std::vector<std::vector<html>>& rows) {
    html out;
    out << "<table role=\"table\" class=\"" << css << "\"><caption class=\"unseen\">";
    out.text(caption) << "</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">";
    for (const auto& one : columns) {
        out << "<th scope=\"col\" role=\"columnheader\">";
        out.text(one) << "</th>";
    }
    out << "</tr></thead>\n<tbody role=\"rowgroup\">\n";
    for (const auto& row : rows) {
        out << "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">";
        out.add(row.front()) << "</th>";
        for (std::size_t i = 1; i < row.size(); ++i) {
            out << "<td role=\"cell\" data-label=\"";
            out.text(columns[i]) << "\"><div>";
            out.add(row[i]) << "</div></td>";
        }
        out << "</tr>\n";
    }
    return out << "</tbody></table>\n";
}

void tile(html& out, literal name, std::string_view value, std::string_view note) {
    out << "<div><dt>" << name << "</dt><dd>";
    out.text(value) << "<small>";
    out.text(note) << "</small></dd></div>\n";
}

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
    return thousands(n) + " " + std::string{n == 1 ? one : many};
}

std::string thousands(std::uint64_t n) {
    auto text = std::to_string(n);
    for (auto at = static_cast<int>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), "\u202f");
    return text;
}

html moment(sys_seconds when) {
    const auto iso = format_iso(when);
    html out;
    out << "<time datetime=\"";
    out.text(iso) << "\">";
    out.text(iso.substr(0, 10)) << " ";
    return out.text(iso.substr(11, 5)) << " UTC</time>";
}

html suites_table(const overview&, const archive_view& archive) {
    html out;
    if (archive.suites.empty()) return out << "<p>No suite is configured or has been asked for.</p>\n";
    out << "<table role=\"table\"><caption class=\"unseen\">Suites of ";
    out.text(archive.name) << "</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
                              "<th scope=\"col\" role=\"columnheader\">Suite</th>"
                              "<th scope=\"col\" role=\"columnheader\">State</th>"
                              "<th scope=\"col\" role=\"columnheader\">Upstream’s date</th>"
                              "<th scope=\"col\" role=\"columnheader\">Confirmed</th>"
                              "<th scope=\"col\" role=\"columnheader\">Snapshot</th>"
                              "<th scope=\"col\" role=\"columnheader\">Signed by</th></tr></thead>\n"
                              "<tbody role=\"rowgroup\">\n";
    for (const auto& suite : archive.suites) out.add(suite_row(suite));
    return out << "</tbody></table>\n";
}

html mirrors_table(const archive_view& archive) {
    html out;
    out << "<table role=\"table\" class=\"mirrors\"><caption class=\"unseen\">Mirrors of ";
    out.text(archive.name) << "</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
                              "<th scope=\"col\" role=\"columnheader\">Mirror</th>"
                              "<th scope=\"col\" role=\"columnheader\">State</th>"
                              "<th scope=\"col\" role=\"columnheader\">First byte after</th></tr></thead>\n"
                              "<tbody role=\"rowgroup\">\n";
    for (const auto& mirror : archive.mirrors) out.add(mirror_row(mirror));
    return out << "</tbody></table>\n";
}

std::string sources_stanza(const archive_view& archive, std::string_view base) {
    // What upstream does not have would be an error on the client.
    std::string suites;
    for (const auto& s : archive.suites)
        if (!s.status.snapshot.empty()) suites += (suites.empty() ? "" : " ") + s.status.name;
    if (suites.empty())
        for (const auto& s : archive.suites) suites += (suites.empty() ? "" : " ") + s.status.name;
    std::string out = "Types: deb\nURIs: " + std::string{base} + "/" + archive.name +
                      "\nSuites: " + (suites.empty() ? "SUITE" : suites) + "\n";
    if (!archive.flat)
        out += "Components: " + (archive.components.empty() ? "main" : joined(archive.components)) + "\n";
    // The server's own copy of the keyring: the same file where the client has the same package.
    if (!archive.keyring.empty() && archive.keyring.front().starts_with('/'))
        out += "Signed-By: " + archive.keyring.front() + "\n";
    return out;
}

std::string frame(const overview& view, std::string_view title, const html& main, std::string_view feed) {
    html out;
    out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
    out.text(title) << "</title>\n<link rel=\"stylesheet\" href=\"/pages/larder.css?";
    out.text(view.version) << "\">\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.ico\">\n";
    if (!feed.empty()) {
        out << "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Publications\" href=\"";
        out.text(feed) << "\">\n";
    }
    out << "</head>\n<body>\n"
           "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
           "<header><a class=\"brand\" href=\"/\"><svg viewBox=\"0 0 32 32\" width=\"28\" height=\"28\" "
           "aria-hidden=\"true\"><rect class=\"jar\" x=\"6\" y=\"9\" width=\"20\" height=\"20\" rx=\"4\"/>"
           "<rect class=\"lid\" x=\"8\" y=\"3\" width=\"16\" height=\"5\" rx=\"1.5\"/>"
           "<path class=\"mark\" d=\"M11 19l4 4 7-8\"/></svg> Larder</a>\n<nav aria-label=\"Site\"><ul>"
           "<li><a href=\"/pages/deployments\">Deployments</a></li>"
           "<li><a href=\"/pages/pockets\">Pockets</a></li>"
           "<li><a href=\"/pages/keys\">Keys</a></li>"
           "<li><a href=\"/#client\">Set up a client</a></li>"
           "<li><a href=\"/api/v1/openapi.json\">API</a></li>"
           "<li><a href=\"/metrics\">Metrics</a></li></ul></nav></header>\n<main id=\"main\">\n";
    out.add(main) << "</main>\n<footer><p>Larder ";
    out.text(view.version) << ", up for ";
    out.text(format_duration(view.now - view.started)) << ". As of ";
    out.add(moment(view.now)) << ".</p></footer>\n</body>\n</html>\n";
    return out.str();
}

}  // namespace larder::net::site
