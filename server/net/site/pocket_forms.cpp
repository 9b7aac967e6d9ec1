#include <charconv>
#include <larder/base/text.hpp>
#include <larder/core/router.hpp>
#include <larder/core/status.hpp>
#include <site/api.hpp>
#include <site/page_reply.hpp>
#include <site/pocket_forms.hpp>
#include <site/pocket_step_pages.hpp>
#include <site/visitor.hpp>

namespace larder::net::site {
namespace {

std::vector<std::string> words_in(std::string_view text) {
    std::vector<std::string> all;
    for (const auto one : split(text, ' '))
        if (!one.empty()) all.emplace_back(one);
    return all;
}

/// What a query or a form says.
struct step_form {
    std::string what;
    std::vector<std::string> only;
    std::uint64_t to = 0;  ///< of a rollback: where to
    shown_difference shown;
    std::string reason, override_reason, seal;
};
step_form read_query(std::string_view query) {
    step_form form;
    form.what = core::query_value(query, "do").value_or("");
    form.only = words_in(core::query_value(query, "only").value_or(""));
    form.to = query_number(query, "to").value_or(0);
    return form;
}
result<step_form> read_form(const site_request& request) {
    const auto type = std::string_view{request.content_type};
    if (!iequals(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded"))
        return error{errc::malformed, "this takes the form of a pocket's page, and nothing else"};
    step_form form = read_query(request.body);
    form.shown.from = query_number(request.body, "from").value_or(0);
    form.shown.to = query_number(request.body, "to").value_or(0);
    LARDER_TRY(form.shown.what, digest::from_hex(core::query_value(request.body, "what").value_or("")));
    form.to = form.shown.from;
    form.reason = trim(core::query_value(request.body, "reason").value_or(""));
    form.override_reason = trim(core::query_value(request.body, "override").value_or(""));
    form.seal = core::query_value(request.body, "seal").value_or("");
    return form;
}

/// What the form's mark is of.
std::string sealed_text(const site_request& request, const std::string& pocket, const step_form& form,
                        const shown_difference& shown) {
    return request.caller + '\n' + pocket + '\n' + form.what + '\n' + std::to_string(shown.from) + '\n' +
           std::to_string(shown.to) + '\n' + shown.what.hex() + '\n' + joined(form.only);
}

/// A word of a query, of which '+' would be a blank.
std::string url_query_word(std::string_view text) {
    std::string out;
    for (const char c : percent_encode(text)) out += c == '+' ? std::string{"%2B"} : std::string{c};
    return out;
}

std::string page_of_step(const std::string& pocket, const step_form& form) {
    auto url = pocket_url(pocket) + "?do=" + (form.what == "rollback" ? "rollback" : "promote");
    if (form.what == "rollback") return url + "&to=" + std::to_string(form.to);
    for (const auto& one : form.only) url += (&one == &form.only.front() ? "&only=" : "+") + url_query_word(one);
    return url;
}

/// Somebody who may not; nothing when he may.
std::optional<site_reply> keep_out(const site_request& request, const overview& view, const std::string& pocket) {
    if (request.by_form >= role::promote) return {};
    if (request.by_form == role::none) {
        auto reply = page_reply(sign_in_page(view), 401);
        ask_for_password(reply);
        return reply;
    }
    const auto* why = "To promote and to roll back takes a token with the role promote or admin.";
    return page_reply(refusal_page(view, "This token may not do that", why, {}, pocket_url(pocket)), 403);
}

site_reply failed(const overview& view, const error& why, const std::string& back) {
    return page_reply(refusal_page(view, "This cannot be done", why.detail(), {}, back), core::http_status(why.code()));
}

result<waiting_view> look_at(engine& e, const std::string& pocket, const step_form& form, const std::stop_token& stop) {
    if (form.what == "promote") {
        LARDER_TRY(auto report, preview_promotion(e, pocket, form.only, asked_gate::yes, stop));
        return shorten(std::move(report), asked_gate::yes);
    }
    pocket_rollback_options options;
    options.pocket = pocket;
    options.to = form.to;
    options.dry_run = true;
    LARDER_TRY(auto report, rollback_pocket(e, options));
    return shorten(std::move(report), asked_gate::no);
}

result<publication_report> carry_out(engine& e, const std::string& pocket, const step_form& form, publisher who,
                                     const std::stop_token& stop) {
    if (form.what == "promote") {
        promote_options options;
        options.pocket = pocket;
        options.only = form.only;
        options.override_reason = form.override_reason;
        options.who = std::move(who);
        options.as_shown = form.shown;
        return promote_pocket(
            e, options, [](const progress&) {}, stop);
    }
    pocket_rollback_options options;
    options.pocket = pocket;
    options.to = form.to;
    options.who = std::move(who);
    options.as_shown = form.shown;
    return rollback_pocket(e, options);
}

/// Whose form it is, and whether it may be looked at at all.
std::optional<site_reply> check_form(engine& e, const site_request& request, const overview& view,
                                     const std::string& pocket, const step_form& form) {
    const auto back = page_of_step(pocket, form);
    const auto no = [&](int status, std::string_view heading, std::string_view why) {
        return page_reply(refusal_page(view, heading, why, {}, back), status);
    };
    if (form.what != "promote" && form.what != "rollback")
        return no(400, "This is no form of a pocket’s page", "It neither promotes nor rolls back.");
    if (!e.site().seal().fits(sealed_text(request, pocket, form, form.shown), form.seal))
        return no(403, "This form is not yours, or is too old",
                  "A form is good for the token that it was shown to, for what it showed, and until the server starts "
                  "anew.");
    if (form.reason.empty()) return no(400, "A reason is needed", "It stands in the history: why is this done?");
    if (!form.override_reason.empty() && request.by_form < role::admin)
        return no(403, "This token may not do that",
                  "To set aside what the gate says takes a token with the role admin.");
    return {};
}

}  // namespace

bool from_elsewhere(const site_request& request, std::string_view public_url) {
    if (!request.fetch_site.empty() && request.fetch_site != "same-origin") return true;
    if (request.origin.empty()) return false;
    const std::string_view origin{request.origin};
    const auto host_of = [](std::string_view url) {
        const auto at = url.find("://");
        if (at == std::string_view::npos) return std::string_view{};
        return url.substr(at + 3, url.find('/', at + 3) - at - 3);
    };
    const auto host = host_of(origin);
    return host.empty() || !(iequals(host, request.host) || iequals(host, host_of(public_url)));
}

bool asks_for_step(std::string_view query) {
    const auto what = core::query_value(query, "do");
    return what && (*what == "promote" || *what == "rollback");
}

site_reply show_step(engine& e, const site_request& request, const overview& view, const std::string& pocket,
                     const std::stop_token& stop) {
    if (auto no = keep_out(request, view, pocket)) return std::move(*no);
    const auto form = read_query(request.query);
    const auto waiting = look_at(e, pocket, form, stop);
    if (!waiting) return failed(view, waiting.error(), pocket_url(pocket));
    step_question asked{form.what, pocket, form.only, waiting->shown.from,
                        e.site().seal().of(sealed_text(request, pocket, form, waiting->shown))};
    const page_visitor visitor{told::readers, true, request.by_form >= role::admin};
    return page_reply(step_page(view, asked, *waiting, visitor), 200, forms::ours);
}

site_reply take_step(engine& e, const site_request& request, const overview& view, const std::string& pocket,
                     const std::stop_token& stop) {
    if (from_elsewhere(request, view.public_url))
        return page_reply(refusal_page(view, "This form is of a page elsewhere",
                                       "Only the pages of this server may send it.", {}, pocket_url(pocket)),
                          403);
    if (auto no = keep_out(request, view, pocket)) return std::move(*no);
    const auto form = read_form(request);
    if (!form) return failed(view, form.error(), pocket_url(pocket));
    if (auto no = check_form(e, request, view, pocket, *form)) return std::move(*no);
    publisher who{request.caller.empty() ? "admin socket" : "token " + request.caller, form->reason};
    const auto report = carry_out(e, pocket, *form, std::move(who), stop);
    const auto back = page_of_step(pocket, *form);
    if (!report) return failed(view, report.error(), back);
    if (!report->made) {
        const auto* why = report->passed ? "There was nothing to do any more." : "The gate says no.";
        return page_reply(refusal_page(view, "Nothing was done", why, report->findings, back), 409);
    }
    site_reply done;
    done.status = 303;
    done.fields.emplace_back("Location", pocket_url(report->pocket) + "?done=" + std::to_string(report->pocket.head));
    return done;
}

}  // namespace larder::net::site
