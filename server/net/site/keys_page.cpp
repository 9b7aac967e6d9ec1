#include <larder/core/status.hpp>
#include <site/deployment_pages.hpp>
#include <site/keys_page.hpp>
#include <site/page_reply.hpp>

namespace larder::net::site {
namespace {

html state_of(const key_row& row, sys_seconds now) {
    using pockets::key_state;
    const bool used = row.key.signs() || row.key.state == key_state::coming;
    if (used && row.key.has_ended(now)) return badge("trouble", "▲", "ended");
    switch (row.key.state) {
        case key_state::coming: return badge("waiting", "○", "coming");
        case key_state::active: return badge("fresh", "●", "signs");
        case key_state::leaving: return badge("waiting", "◐", "signs, and leaves");
        case key_state::revoked: return badge("trouble", "▲", "revoked");
        case key_state::gone: return badge("stale", "○", "gone");
    }
    return {};
}

html moment_or_dash(const std::optional<sys_seconds>& when) { return when ? moment(*when) : words("—"); }

std::vector<html> row_of(const key_row& row, sys_seconds now) {
    return {link("/keys/" + percent_encode(row.archive) + ".asc", row.archive),
            code(row.key.fingerprint),
            state_of(row, now),
            words(row.key.algorithm),
            moment(row.key.made),
            moment_or_dash(row.key.until),
            moment_or_dash(row.key.expires)};
}

void add_warnings(html& main, const key_list& all) {
    for (const auto& row : all.keys) {
        if (row.warning.empty()) continue;
        main << "<p>";
        main.add(badge("trouble", "▲", "ends"));
        main << " The key ";
        main.add(code(row.key.fingerprint));
        main.text(" of " + row.archive + ": " + row.warning) << "</p>\n";
    }
}

}  // namespace

std::string keys_page(const overview& view, const key_list& all) {
    html main;
    main << "<section aria-labelledby=\"keys\"><h1 id=\"keys\">Keys</h1>\n"
            "<p>What archives are signed with that are published here. Clients are told of a key before it signs, and "
            "an old one signs beside its successor until nobody needs it.</p>\n";
    add_warnings(main, all);
    std::vector<std::vector<html>> rows;
    for (const auto& row : all.keys) rows.push_back(row_of(row, view.now));
    if (rows.empty())
        main << "<p>There is none yet: <code>larder archive create</code> makes one.</p>\n";
    else
        main.add(table("list", "Keys, by archive",
                       {"Archive", "Key", "State", "Algorithm", "Since", "Leaves, or left", "Ends"}, rows));
    for (const auto& package : all.packages) {
        main << "<p>Published in its archive's pockets: ";
        main.add(code(package)) << "</p>\n";
    }
    main << "</section>\n";
    return frame(view, "Keys", main);
}

bool of_keys(std::string_view path) { return path == "keys"; }

site_reply answer_keys_page(engine& e) {
    const auto view = gather(e, e.site());
    const auto all = list_keys(e, {});
    if (all) return page_reply(keys_page(view, *all));
    return page_reply(trouble_page(view, "This cannot be told", all.error().detail()),
                      core::http_status(all.error().code()));
}

}  // namespace larder::net::site
