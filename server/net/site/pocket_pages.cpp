#include <larder/core/status.hpp>
#include <pockets/edition.hpp>
#include <site/api.hpp>
#include <site/page_reply.hpp>
#include <site/pocket_feed.hpp>
#include <site/pocket_forms.hpp>
#include <site/pocket_pages.hpp>

// Which page of pockets is asked for, and what it shows.

namespace larder::net::site {
namespace {

constexpr std::uint64_t most_publications = 100;
constexpr std::size_t most_journal = 1000;
constexpr std::string_view feed_ending = "/feed.atom";

site_reply failed(const overview& view, const error& why) {
    const auto status = why.code() == errc::refused ? 404 : core::http_status(why.code());
    const auto* heading = status == 404 ? "There is no such pocket" : "This cannot be told";
    return page_reply(trouble_page(view, heading, why.detail()), status);
}

class answering {
public:
    answering(engine& e, const site_request& request, const std::stop_token& stop)
        : e_{e}, request_{request}, stop_{stop}, view_{gather(e, e.site())} {}

    site_reply run() {
        std::string_view rest{request_.path};
        rest.remove_prefix(std::string_view{"pockets"}.size());
        if (request_.verb == core::method::post) return take_step(e_, request_, view_, name_in(rest), stop_);
        if (rest.empty()) return list();
        // A suite that ends so has no page of its own.
        if (rest.ends_with(feed_ending)) {
            rest.remove_suffix(feed_ending.size());
            return answer_feed(e_, request_, name_in(rest));
        }
        if (asks_for_step(request_.query)) return show_step(e_, request_, view_, name_in(rest), stop_);
        return one(name_in(rest));
    }

private:
    static std::string name_in(std::string_view rest) { return std::string{rest.substr(rest.empty() ? 0 : 1)}; }

    page_visitor visitor() const {
        return {request_.who >= role::read ? told::readers : told::everybody, request_.by_form >= role::promote,
                request_.by_form >= role::admin};
    }

    waiting_result waiting_of(const pockets::pocket& of, asked_gate how) const {
        if (of.feeds.empty()) return {};
        return waiting_at(e_, of, how, stop_);
    }

    site_reply list() const {
        auto all = list_pockets(e_, {});
        if (!all) return failed(view_, all.error());
        std::vector<chain_place> places;
        for (auto& row : all->pockets) {
            auto waiting = waiting_of(row.pocket, asked_gate::no);
            places.push_back({std::move(row), std::move(waiting)});
        }
        return page_reply(pockets_page(view_, places));
    }

    site_reply one(const std::string& name) const {
        const auto who = visitor();
        pocket_view of;
        auto history = history_of_pocket(e_, name, most_publications);
        if (!history) return failed(view_, history.error());
        of.of = std::move(*history);
        const auto all = publishing::registry_of(e_).pockets();
        if (!all) return failed(view_, all.error());
        const auto& here = of.of.pocket;
        for (const auto& other : *all) {
            if (other.archive == here.archive && other.feeds == here.suite) of.fed_by.push_back(other.name());
            if (other.upgrades_from == here.name()) of.upgrades_to.push_back(other.name());
        }
        of.waiting = waiting_of(here, who.whom == told::readers ? asked_gate::yes : asked_gate::no);
        of.support_warning = pockets::support_warning(here, view_.now);
        if (who.whom == told::readers) {
            for (const auto& token : e_.routes()->options.tokens) of.tokens.emplace_back(token.role, token.name);
            if (!here.frozen.empty()) of.freeze = freeze_of(here);
        }
        of.done = query_number(request_.query, "done").value_or(0);
        return page_reply(pocket_page(view_, of, who), 200, who.may_promote ? forms::ours : forms::none);
    }

    /// The last time that it was frozen, as far as the journal is looked through.
    std::optional<deployments::journal_entry> freeze_of(const pockets::pocket& of) const {
        journal_options options;
        options.last = most_journal;
        auto read = read_journal(e_, options);
        if (!read) return {};
        std::optional<deployments::journal_entry> last;
        for (auto& one : read->entries)
            if (one.what == "pocket-freeze" && one.subject == of.name() && (!last || one.when >= last->when))
                last = std::move(one);
        return last;
    }

    engine& e_;
    const site_request& request_;
    const std::stop_token& stop_;
    const overview view_;
};

}  // namespace

std::string pocket_url(std::string_view name) { return "/pages/pockets/" + percent_encode(name); }
std::string pocket_url(const pockets::pocket& of) { return pocket_url(of.name()); }

bool is_against(std::string_view finding) { return finding.find(": failed: ") != std::string_view::npos; }

html state_of(const pockets::pocket& of, sys_seconds now) {
    if (!of.frozen.empty()) return badge("waiting", "○", "frozen");
    if (pockets::support_has_ended(of, now)) return badge("stale", "◐", "support ended");
    return badge("fresh", "●", "open");
}

html support_of(const pockets::pocket& of) {
    if (!of.supported_until) return words("—");
    return words(format_iso(*of.supported_until - std::chrono::seconds{1}).substr(0, 10));
}

bool of_pockets(std::string_view path) { return path == "pockets" || path.starts_with("pockets/"); }

site_reply answer_pocket_page(engine& e, const site_request& request, const std::stop_token& stop) {
    return answering{e, request, stop}.run();
}

}  // namespace larder::net::site
