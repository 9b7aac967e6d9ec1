#include <larder/base/units.hpp>
#include <site/pages.hpp>

namespace larder::net::site {
namespace {

html states(const archive_view& archive) {
    html out;
    for (const auto& s : archive.suites) {
        if (s.status.snapshot.empty()) continue;
        out << "<section class=\"detail\"><h3>";
        out.text(s.status.name) << "</h3>\n<dl class=\"facts\"><div><dt>Snapshot</dt><dd><code>";
        out.text(s.status.snapshot) << "</code></dd></div>\n<div><dt>States here</dt><dd>";
        out.text(std::to_string(s.status.states)) << "</dd></div>\n<div><dt>Valid until</dt><dd>";
        if (s.status.valid_until)
            out.add(moment(*s.status.valid_until));
        else
            out << "no end is set";
        out << "</dd></div>\n<div><dt>Signed by</dt><dd><ul>";
        for (const auto& signer : s.signers) {
            out << "<li>";
            out.text(signer.user_id.empty() ? "a key that the keyring no longer holds" : signer.user_id)
                << "<br><code>";
            out.text(signer.fingerprint) << "</code></li>";
        }
        out << "</ul></dd></div></dl></section>\n";
    }
    return out;
}

std::string list(const std::vector<std::string>& parts, std::string_view none) {
    std::string all;
    for (const auto& p : parts) all += (all.empty() ? "" : ", ") + p;
    return all.empty() ? std::string{none} : all;
}

html configuration(const archive_view& archive) {
    html out;
    out << "<section aria-labelledby=\"configured\"><h2 id=\"configured\">As configured</h2>\n<dl class=\"facts\">"
           "<div><dt>Keyring</dt><dd>";
    out.text(list(archive.keyring, "none")) << "</dd></div>\n<div><dt>Asked again after</dt><dd>";
    out.text(format_duration(archive.refresh)) << "</dd></div>\n<div><dt>Kept fresh ahead of clients</dt><dd>";
    out.text(list(archive.components, "what clients use")) << "; ";
    out.text(list(archive.architectures, "the architectures that clients use"))
        << "</dd></div>\n<div><dt>Valid-Until</dt><dd>";
    out << (archive.check_valid_until ? literal{"checked"} : literal{"not checked"});
    return out << "</dd></div></dl></section>\n";
}

}  // namespace

std::string archive_page(const overview& view, const archive_view& archive, std::string_view base) {
    html main;
    main << "<section class=\"verdict ";
    main.text(to_string(archive.worst())) << "\" aria-label=\"Summary\"><h1>";
    main.text(archive.name) << " ";
    main.add(badge(archive.worst())) << "</h1><p><a href=\"/\">All archives</a></p></section>\n"
                                        "<section aria-labelledby=\"suites\"><h2 id=\"suites\">Suites</h2>\n";
    main.add(suites_table(view, archive))
        << "</section>\n<section aria-labelledby=\"mirrors\"><h2 id=\"mirrors\">Mirrors</h2>\n";
    main.add(mirrors_table(archive))
        << "</section>\n<section aria-labelledby=\"states\"><h2 id=\"states\">States</h2>\n";
    main.add(states(archive)) << "</section>\n";
    main.add(configuration(archive))
        << "<section aria-labelledby=\"source\"><h2 id=\"source\">Source for a client</h2>\n<p><code>"
           "/etc/apt/sources.list.d/";
    main.text(archive.name) << ".sources</code></p>\n<pre tabindex=\"0\"><code>";
    main.lines(sources_stanza(archive, base)) << "</code></pre></section>\n";
    return frame(view, archive.name + " – Larder", main);
}

std::string lost_page(const overview& view, std::string_view wanted) {
    html main;
    main << "<section class=\"verdict trouble\"><h1>There is no such page</h1><p>Nothing is called “";
    main.text(wanted, 100) << "” here. <a href=\"/\">All archives</a></p></section>\n";
    return frame(view, "Not found – Larder", main);
}

}  // namespace larder::net::site
