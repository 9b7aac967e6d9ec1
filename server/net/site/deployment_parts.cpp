#include <algorithm>
#include <larder/core/url.hpp>
#include <site/deployment_pages.hpp>

// The pieces that the pages of deployments share.

namespace larder::net::site {

std::string page_of(std::string_view deployment, std::string_view rest) {
    return "/pages/deployments/" + percent_encode(deployment) + std::string{rest};
}

std::string api_of(std::string_view deployment, std::string_view rest) {
    return "/api/v1/deployments/" + percent_encode(deployment) + std::string{rest};
}

html words(std::string_view text) {
    html out;
    return out.text(text);
}

html code(std::string_view text) {
    html out;
    out << "<code>";
    return out.text(text) << "</code>";
}

html link(std::string_view to, std::string_view words) {
    html out;
    out << "<a href=\"";
    out.text(to) << "\">";
    return out.text(words) << "</a>";
}

html more_of(std::size_t shown, std::size_t all, std::string_view json) {
    html out;
    if (shown >= all) return out;
    out << "<p class=\"more\">";
    out.text(thousands(shown)) << " of ";
    out.text(thousands(all)) << " are shown: ";
    return out.add(link(json, "all of them, as JSON")) << ".</p>\n";
}

html tabs(const deployments::deployment& d, tab here, std::string_view json) {
    struct one {
        tab which;
        std::string to, name;
    };
    const std::vector<one> all{
        {tab::overview, page_of(d.name), "Generations"},
        {tab::generation, page_of(d.name, "/" + std::to_string(d.head)), "Changes"},
        {tab::units, page_of(d.name, "/units"), "Units"},
        {tab::holding, page_of(d.name, "/holding"), "Holding"},
    };
    html out;
    out << "<nav class=\"tabs\" aria-label=\"Deployment ";
    out.text(d.name) << "\"><ul>\n<li>";
    out.add(link("/pages/deployments", "All deployments")) << "</li>\n";
    for (const auto& [which, to, name] : all) {
        out << "<li><a href=\"";
        out.text(to) << "\"" << (which == here ? literal{" aria-current=\"page\""} : literal{""}) << ">";
        out.text(name) << "</a></li>\n";
    }
    out << "<li>";
    return out.add(link(json, "As JSON")) << "</li>\n</ul></nav>\n";
}

html removal_note(const deployments::deployment& d) {
    html out;
    if (!d.removed) return out;
    out << "<p class=\"why\">It was removed on ";
    out.add(moment(*d.removed)) << " and is not served; what it holds is kept. <code>larder deployment restore ";
    return out.text(d.name) << "</code> brings it back.</p>\n";
}

std::string sign_in_page(const overview& view) {
    html main;
    main << "<section class=\"verdict waiting\"><h1>This needs a token</h1><p>What machines have installed and what "
            "they are called is shown to those who have a token of the API, with any role. A browser asks for a name "
            "and a password: the token is the password, the name is up to you. To promote and to roll back pockets "
            "takes "
            "the role promote or admin.</p></section>\n"
            "<section aria-labelledby=\"make\"><h2 id=\"make\">Make a token</h2>\n<p>Where the server runs. It prints "
            "a table to paste into the configuration.</p>\n<pre tabindex=\"0\"><code>larder token new me --role "
            "read</code></pre>\n<p>Without one: <code>larder deployment units NAME</code> and <code>larder deployment "
            "status NAME</code> tell the same on the command line.</p></section>\n";
    return frame(view, "This needs a token – Larder", main);
}

std::string trouble_page(const overview& view, std::string_view heading, std::string_view why) {
    html main;
    main << "<section class=\"verdict trouble\"><h1>";
    main.text(heading) << "</h1><p>";
    main.text(why, 600) << " <a href=\"/pages/deployments\">All deployments</a></p></section>\n";
    return frame(view, std::string{heading} + " – Larder", main);
}

}  // namespace larder::net::site
