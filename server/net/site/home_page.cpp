#include <algorithm>
#include <cmath>
#include <larder/base/units.hpp>
#include <site/pages.hpp>

namespace larder::net::site {
namespace {

/// "97.3 %"; never "100.0 %" while something missed.
std::string percent(double part) {
    const auto tenths = std::floor(part * 1000);
    const auto whole = static_cast<int>(tenths) / 10;
    return std::to_string(whole) + "." + std::to_string(static_cast<int>(tenths) % 10) + " %";
}

std::size_t failing_mirrors(const overview& view) {
    std::size_t n = 0;
    for (const auto& a : view.archives)
        for (const auto& m : a.mirrors)
            if (m.failures > 0) ++n;
    return n;
}

/// The suites that need attention, the first few of them, each with its reason.
html worries(const overview& view) {
    constexpr std::size_t most = 5;
    html out;
    std::size_t n = 0;
    for (const auto& a : view.archives)
        for (const auto& s : a.suites) {
            if (s.how.level < health_level::stale || ++n > most) continue;
            out << (n == 1 ? literal{"<ul>\n"} : literal{""}) << "<li><strong>";
            out.text(a.name + " " + s.status.name) << ":</strong> ";
            out.text(s.how.reason, 300) << "</li>\n";
        }
    if (n > most) {
        out << "<li>and ";
        out.text(std::to_string(n - most)) << " more, below</li>\n";
    }
    if (n > 0) out << "</ul>\n";
    return out;
}

/// One line that says whether somebody has to do something.
html verdict(const overview& view) {
    std::size_t suites = 0, bad = 0, waiting = 0;
    auto worst = health_level::fresh;
    for (const auto& a : view.archives)
        for (const auto& s : a.suites) {
            ++suites;
            worst = std::max(worst, s.how.level);
            if (s.how.level == health_level::waiting)
                ++waiting;
            else if (s.how.level != health_level::fresh)
                ++bad;
        }
    html out;
    out << "<section class=\"verdict ";
    out.text(to_string(worst)) << "\" aria-label=\"Summary\"><h1>";
    if (view.archives.empty())
        out << "No archive is configured";
    else if (bad > 0)
        out.text(plural(bad, "suite needs", "suites need")) << " attention";
    else if (waiting > 0)
        out.text(plural(waiting, "suite was", "suites were")) << " not asked for yet";
    else
        out << "All suites are fresh";
    out << "</h1><p>";
    out.text(plural(suites, "suite", "suites")) << " in ";
    out.text(plural(view.archives.size(), "archive", "archives")) << ". ";
    if (const auto failing = failing_mirrors(view); failing > 0)
        out.text(plural(failing, "mirror is", "mirrors are")) << " failing. ";
    out << "Every byte served was verified against a signed index.</p>\n";
    out.add(worries(view));
    return out << "</section>\n";
}

html traffic(const overview& view) {
    const auto rate = view.hit_rate();
    html out;
    out << "<section aria-labelledby=\"traffic\"><h2 id=\"traffic\">Traffic since the start</h2>\n<dl "
           "class=\"tiles\">\n";
    tile(out, "Hit rate", rate ? percent(*rate) : "—",
         thousands(view.hits + view.joins) + " of " + thousands(view.hits + view.misses + view.joins) + " files");
    tile(out, "Saved", format_size(view.bytes_saved), "of " + format_size(view.bytes_sent) + " sent");
    tile(out, "From upstream", format_size(view.bytes_upstream),
         plural(view.fetches, "fetch", "fetches") + " under way");
    tile(out, "Requests", thousands(view.requests),
         thousands(view.failures) + " failed, " + thousands(view.refused) + " refused");
    tile(out, "Connections", thousands(view.connections), "open now");
    if (view.disk_free && view.disk_size)
        tile(out, "Room on disk", format_size(*view.disk_free), "of " + format_size(*view.disk_size));
    if (view.mismatches + view.damaged > 0)
        tile(out, "Bytes refused", thousands(view.mismatches),
             "downloads were not what was signed; " + plural(view.damaged, "damaged object", "damaged objects"));
    return out << "</dl></section>\n";
}

html archive_section(const overview& view, const archive_view& archive) {
    html out;
    out << "<section class=\"archive\"><h2><a href=\"/pages/archive/";
    out.text(percent_encode(archive.name)) << "\">";
    out.text(archive.name) << "</a> ";
    out.add(badge(archive.worst())) << "</h2>\n";
    out.add(suites_table(view, archive));
    return out.add(mirrors_table(archive)) << "</section>\n";
}

html client(const overview& view, std::string_view base) {
    html out;
    out << "<section id=\"client\" aria-labelledby=\"setup\"><h2 id=\"setup\">Set up a client</h2>\n"
           "<p>As root on the machine that is to install through Larder. Its own sources stay as they are; those with "
           "<code>http</code> URLs of the archives above go through here.</p>\n<pre tabindex=\"0\"><code>";
    out.lines(usage_text(base)) << "</code></pre>\n";
    if (!view.archives.empty()) {
        const auto& first = view.archives.front();
        out << "<p>Or without a proxy, one source at a time: <code>/etc/apt/sources.list.d/";
        out.text(first.name) << ".sources</code></p>\n<pre tabindex=\"0\"><code>";
        out.lines(sources_stanza(first, base)) << "</code></pre>\n";
    }
    return out << "</section>\n";
}

}  // namespace

std::string usage_text(std::string_view base) {
    return "echo 'Acquire::http::Proxy \"" + std::string{base} +
           "\";' > /etc/apt/apt.conf.d/30larder\napt-get update\napt-get upgrade\n";
}

std::string home_page(const overview& view, std::string_view base) {
    html main = verdict(view);
    main.add(traffic(view));
    for (const auto& a : view.archives) main.add(archive_section(view, a));
    main.add(client(view, base));
    return frame(view, "Larder", main);
}

}  // namespace larder::net::site
