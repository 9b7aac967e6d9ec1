#include <larder/core/status.hpp>
#include <larder/net/suite_state.hpp>
#include <site/api.hpp>
#include <site/deployment_answers.hpp>
#include <site/deployment_pages.hpp>
#include <site/page_reply.hpp>
#include <site/pocket_pages.hpp>
#include <site/visitor.hpp>

// Which page of which deployment is asked for, and what it takes.

namespace larder::net::site {
namespace {

constexpr std::string_view root = "deployments";

/// A path below "deployments", in parts.
struct asked {
    std::string name, what, unit;
    std::optional<std::uint64_t> number;  ///< of a generation
    bool known = true;                    ///< there is such a kind of page
    bool private_page() const { return what == "units" || what == "holding"; }
};

asked parse(std::string_view path) {
    asked out;
    const auto parts = split(path, '/');
    if (parts.size() > 1) out.name = parts[1];
    if (parts.size() > 2) out.what = parts[2];
    if (parts.size() > 3) out.unit = parts[3];
    // The API's parser of numbers: digits alone.
    if (!out.what.empty() && !out.private_page()) out.number = query_number("n=" + out.what, "n");
    out.known = parts.front() == root && parts.size() <= 4 && (out.unit.empty() || out.what == "units") &&
                (out.what.empty() || out.private_page() || out.number);
    return out;
}

class answering {
public:
    answering(engine& e, const site_request& request, const std::stop_token& stop)
        : e_{e}, request_{request}, stop_{stop}, view_{gather(e, e.site())} {}

    site_reply run() {
        if (request_.path == "sign-in") return sign_in();
        const auto wanted = parse(request_.path);
        if (!wanted.known) return page_reply(lost_page(view_, request_.path), 404);
        if (wanted.private_page() && whom() == told::everybody) return sign_in();
        if (wanted.name.empty()) return list();
        const auto of = history_of(e_, wanted.name);
        if (!of) return failed(of.error(), wanted.name);
        if (wanted.what.empty() && find(*of, of->deployment.head) == nullptr)
            return trouble({errc::absent, of->lost.empty() ? "it has no generation" : of->lost.back().why});
        if (wanted.what.empty())
            return page_reply(deployment_page(view_, *of, pins_of(of->generations.back()), whom()));
        if (wanted.what == "holding") return holding(wanted.name);
        if (wanted.what == "units") return units(wanted);
        return generation(*of, *wanted.number);
    }

private:
    told whom() const { return request_.who >= role::read ? told::readers : told::everybody; }

    site_reply sign_in() const {
        if (whom() == told::readers) {
            site_reply reply;
            reply.status = 303;
            reply.fields.emplace_back("Location", "/pages/deployments");
            return reply;
        }
        auto reply = page_reply(sign_in_page(view_), 401);
        ask_for_password(reply);
        return reply;
    }

    site_reply failed(const error& why, const std::string& name) const {
        if (why.code() == errc::absent)
            return page_reply(trouble_page(view_, "There is no such deployment",
                                           "Nothing is called “" + printable(name, 100) + "” here."),
                              404);
        return trouble(why);
    }

    site_reply trouble(const error& why) const {
        // What should be here and is not is no wrong question.
        const auto status = why.code() == errc::absent ? 500 : core::http_status(why.code());
        return page_reply(trouble_page(view_, "This cannot be told", why.detail()), status);
    }

    site_reply list() const {
        const auto all = list_deployments(e_);
        return all ? page_reply(deployments_page(view_, *all)) : trouble(all.error());
    }

    site_reply holding(const std::string& name) const {
        const auto report = hold_status(e_, name, quiet, stop_);
        return report ? page_reply(holding_page(view_, *report)) : trouble(report.error());
    }

    site_reply units(const asked& wanted) const {
        const auto report = list_units(e_, wanted.name, quiet, stop_);
        if (!report) return trouble(report.error());
        if (wanted.unit.empty()) return page_reply(units_page(view_, *report));
        for (const auto& unit : report->units)
            if (unit.id == wanted.unit) return page_reply(unit_page(view_, *report, unit));
        return page_reply(trouble_page(view_, "There is no such unit",
                                       wanted.name + " has no unit “" + printable(wanted.unit, 100) + "”."),
                          404);
    }

    site_reply generation(const deployment_history& of, std::uint64_t number) const {
        auto against = number > 1 ? number - 1 : 0;
        if (!request_.query.empty()) against = query_number(request_.query, "against").value_or(0);
        const auto last = of.deployment.head;
        const auto* const wanted = find(of, number);
        // Without a question, one that is not there is done without.
        if (request_.query.empty() && find(of, against) == nullptr) against = 0;
        if (wanted == nullptr || (!request_.query.empty() && find(of, against) == nullptr))
            return page_reply(
                trouble_page(view_, "There is no such generation", wanted_generations(of.deployment.name, last)), 404);
        const auto& shown = *wanted;
        known_changes::changes changes;
        if (against != 0) {
            auto found = changes_between(of, against, number);
            if (!found) return trouble(found.error());
            changes = std::move(*found);
        }
        return page_reply(generation_page(view_, of, shown, pins_of(shown), against, changes.get(), whom()));
    }

    static const deployments::generation* find(const deployment_history& of, std::uint64_t number) {
        for (const auto& one : of.generations)
            if (one.number == number) return &one;
        return nullptr;
    }

    static std::string wanted_generations(const std::string& name, std::size_t last) {
        return name + " has generations from 1 to " + std::to_string(last) + ".";
    }

    result<known_changes::changes> changes_between(const deployment_history& of, std::uint64_t before,
                                                   std::uint64_t after) const {
        auto& known = e_.site().changes();
        const known_changes::pair pair{sha256(find(of, before)->write()), sha256(find(of, after)->write())};
        if (auto found = known.find(pair)) return found;
        generation_diff_options options{of.deployment.name, before, after};
        LARDER_TRY(auto diff, diff_generations(e_, options, quiet, stop_));
        auto made = std::make_shared<const generation_changes>(shorten(std::move(diff)));
        // What is not here may come back.
        if (made->whole()) known.keep(pair, made);
        return known_changes::changes{made};
    }

    std::vector<pin_view> pins_of(const deployments::generation& g) const {
        std::vector<pin_view> all;
        for (const auto& pin : g.pins) {
            pin_view one{pin, {}};
            if (const auto state = load_state(e_.store().objects(), pin.snapshot)) one.date = (*state)->release().date;
            all.push_back(std::move(one));
        }
        return all;
    }

    static void quiet(const progress&) {}

    engine& e_;
    const site_request& request_;
    const std::stop_token& stop_;
    const overview view_;
};

}  // namespace

bool of_deployments(std::string_view path) {
    return path == root || path == "sign-in" || (path.starts_with(root) && path.substr(root.size()).starts_with('/'));
}

effort effort_of_page(const site_request& request) {
    if (of_pockets(request.path)) return effort::computes;
    if (!of_deployments(request.path) || request.path == "sign-in") return effort::at_once;
    const auto wanted = parse(request.path);
    if (!wanted.known || (wanted.private_page() && request.who < role::read)) return effort::at_once;
    return wanted.what.empty() ? effort::reads : effort::computes;
}

site_reply answer_deployment_page(engine& e, const site_request& request, const std::stop_token& stop) {
    return answering{e, request, stop}.run();
}

}  // namespace larder::net::site
