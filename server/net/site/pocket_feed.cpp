#include <algorithm>
#include <larder/core/conditional.hpp>
#include <larder/core/status.hpp>
#include <larder/net/store_identity.hpp>
#include <pockets/edition.hpp>
#include <site/page_reply.hpp>
#include <site/pocket_feed.hpp>
#include <site/visitor.hpp>

namespace larder::net::site {
namespace {

constexpr std::uint64_t most_entries = 50;

/// Text of XML 1.0, in which U+FFFE and U+FFFF have no place (section 2.2).
void text(html& out, std::string_view from_outside) {
    std::string clean{from_outside};
    for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
        for (auto at = clean.find(none); at != std::string::npos; at = clean.find(none, at))
            clean.replace(at, none.size(), "?");
    out.text(clean);
}

void element(html& out, literal open, std::string_view value, literal close) {
    out << open;
    text(out, value);
    out << close << "\n";
}

std::string summary_of(const pockets::publication& p, told whom) {
    auto all =
        thousands(p.added) + " added, " + thousands(p.removed) + " removed, " + thousands(p.changed) + " changed.";
    for (const auto& one : p.findings) all += " " + one + ".";
    if (!p.overridden.empty()) all += " OVERRIDDEN: " + p.overridden + ".";
    if (whom == told::readers && !p.reason.empty()) all += " Why: " + p.reason;
    return all;
}

void add_entry(html& out, const feed_entry& one, told whom) {
    const auto& p = one.publication;
    out << "<entry>\n";
    element(out, "<id>", uuid_of(p.id()), "</id>");
    element(out, "<title>", p.pocket + " " + std::to_string(p.number) + ": " + step_of(p), "</title>");
    element(out, "<updated>", format_iso(p.made), "</updated>");
    element(out, "<link rel=\"alternate\" type=\"text/html\" href=\"", one.url, "\"/>");
    if (whom == told::readers && !p.by.empty()) element(out, "<author><name>", p.by, "</name></author>");
    element(out, "<summary>", summary_of(p, whom), "</summary>");
    out << "</entry>\n";
}

result<std::vector<pockets::publication>> last_of(engine& e, const std::vector<pockets::pocket>& all) {
    std::vector<pockets::publication> last;
    for (const auto& one : all) {
        LARDER_TRY(auto some, publishing::registry_of(e).history(one, most_entries));
        std::move(some.begin(), some.end(), std::back_inserter(last));
    }
    std::stable_sort(last.begin(), last.end(), [](const auto& a, const auto& b) { return a.made > b.made; });
    last.resize(std::min<std::size_t>(last.size(), most_entries));
    return last;
}

result<feed_view> gather_feed(engine& e, const std::string& base, const std::string& pocket) {
    std::vector<pockets::pocket> all;
    if (pocket.empty()) {
        LARDER_TRY(all, publishing::registry_of(e).pockets());
    } else {
        LARDER_TRY(auto one, publishing::registry_of(e).find(pocket));
        all.push_back(std::move(one));
    }
    feed_view view;
    LARDER_TRY(const auto store, store_identity(e.store().path()));
    view.id = uuid_of(sha256("feed of " + store + " " + pocket));
    view.title = pocket.empty() ? "Publications" : "Publications of " + pocket;
    view.page_url = base + (pocket.empty() ? "/pages/pockets" : pocket_url(pocket));
    view.url = view.page_url + "/feed.atom";
    LARDER_TRY(auto last, last_of(e, all));
    for (auto& one : last) {
        auto url = base + pocket_url(one.pocket);
        view.entries.push_back({std::move(one), std::move(url)});
    }
    // Before anything is published it is as old as can be.
    if (!view.entries.empty()) view.updated = view.entries.front().publication.made;
    return view;
}

}  // namespace

std::string uuid_of(const digest& of) {
    auto hex = of.hex().substr(0, 32);
    hex[12] = '8';
    constexpr std::string_view variants = "89ab";
    hex[16] = variants[of.bytes[8] & 3U];
    return "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) +
           "-" + hex.substr(20);
}

std::string atom_feed(const feed_view& of, told whom) {
    html out;
    out << "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n";
    element(out, "<id>", of.id, "</id>");
    element(out, "<title>", of.title, "</title>");
    element(out, "<updated>", format_iso(of.updated), "</updated>");
    out << "<author><name>Larder</name></author>\n";
    element(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"", of.url, "\"/>");
    element(out, "<link rel=\"alternate\" type=\"text/html\" href=\"", of.page_url, "\"/>");
    for (const auto& one : of.entries) add_entry(out, one, whom);
    out << "</feed>\n";
    return out.str();
}

site_reply answer_feed(engine& e, const site_request& request, const std::string& pocket) {
    const auto base = base_url(request, e.routes()->options.server.public_url);
    const auto whom = request.who >= role::read ? told::readers : told::everybody;
    site_reply reply;
    const auto view = gather_feed(e, base, pocket);
    if (!view) {
        reply.status = view.error().code() == errc::refused ? 404 : core::http_status(view.error().code());
        reply.body = view.error().detail() + "\n";
        return reply;
    }
    reply.content_type = "application/atom+xml; charset=utf-8";
    reply.body = atom_feed(*view, whom);
    const auto etag = "\"" + sha256(reply.body).hex().substr(0, 32) + "\"";
    reply.fields.emplace_back("ETag", etag);
    reply.fields.emplace_back("Last-Modified", format_http_date(view->updated));
    reply.fields.emplace_back("Cache-Control", whom == told::readers ? "private, no-cache" : "no-cache");
    reply.fields.emplace_back("Vary", "Authorization");
    if (!core::etag_listed(request.if_none_match, etag)) return reply;
    reply.status = 304;
    reply.body.clear();
    return reply;
}

}  // namespace larder::net::site
