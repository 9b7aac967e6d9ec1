#include <algorithm>
#include <boost/json.hpp>
#include <json_text.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <larder/core/router.hpp>
#include <larder/core/status.hpp>
#include <larder/net/store_identity.hpp>
#include <site/api.hpp>
#include <site/api_views.hpp>
#include <site/visitor.hpp>

// Dispatch: which operation, whether it is allowed, and what is wrong with the request otherwise.

namespace larder::net::site {
namespace {

namespace json = boost::json;

std::string_view name_of(core::method verb) { return verb == core::method::post ? "POST" : "GET, HEAD"; }

std::string_view name_of(role who) {
    switch (who) {
        case role::none: return "none";
        case role::read: return "read";
        case role::upload: return "upload";
        case role::promote: return "promote";
        case role::admin: return "admin";
    }
    return "none";
}

/// The path's variable parts, when it has the form of `pattern`.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    const auto want = split(pattern, '/');
    const auto have = split(path, '/');
    if (want.size() != have.size()) return {};
    std::vector<std::string> captured;
    for (std::size_t i = 0; i < want.size(); ++i) {
        if (want[i].starts_with('{'))
            captured.emplace_back(have[i]);
        else if (want[i] != have[i])
            return {};
    }
    return captured;
}

/// The body as an object; no body at all is an empty one. The error says at which byte it breaks.
result<json::object> parse_body(std::string_view body) {
    if (trim(body).empty()) return json::object{};
    json::stream_parser parser;
    boost::system::error_code ec;
    const auto used = parser.write_some(body.data(), body.size(), ec);
    if (!ec && used < body.size() && !trim(body.substr(used)).empty()) ec = json::error::extra_data;
    if (!ec) parser.finish(ec);
    if (ec)
        return error{errc::malformed,
                     "the body is no JSON: " + ec.message() + " after " + std::to_string(used) + " bytes"};
    auto value = parser.release();
    if (!value.is_object()) return error{errc::malformed, "the body must be a JSON object"};
    return std::move(value.get_object());
}

/// What of an option is kept with its job, and shown, for as long as the job is: a long text (a lockfile) or list (of
/// files) by its hash, and so what is nobody's to see (a secret key).
json::value kept_of(std::string_view name, const json::value& option) {
    constexpr std::size_t longest = 4096, most = 100;
    if (const auto* list = option.if_array(); list != nullptr && list->size() > most)
        return json::object{{"sha256", sha256(json::serialize(*list)).hex()}, {"count", list->size()}};
    if (!option.is_string() || (option.get_string().size() <= longest && name != "secret")) return option;
    const std::string_view text{option.get_string().data(), option.get_string().size()};
    return json::object{{"sha256", sha256(text).hex()}, {"size", text.size()}};
}

/// Members sorted by name: equal options have equal texts.
std::string canonical(const json::object& object) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : object) names.push_back(name);
    std::sort(names.begin(), names.end());
    json::object sorted;
    for (const auto name : names) sorted[name] = kept_of(name, object.at(name));
    return json_text(sorted);
}

site_reply accepted(const result<job_board::started>& job) {
    if (!job && job.error().code() == errc::refused) {
        auto busy = json_error(503, "busy", job.error().detail());
        busy.fields.emplace_back("Retry-After", "30");
        return busy;
    }
    if (!job) return json_error(job.error());
    auto reply = json_reply(json_text(json::object{{"job", job->id}, {"joined", job->joined}}), 202);
    reply.fields.emplace_back("Location", "/api/v1/jobs/" + job->id);
    return reply;
}

std::optional<site_reply> keep_out(role needed, role who) {
    if (who >= needed) return {};
    if (who == role::none) {
        auto reply =
            json_error(401, "unauthorized",
                       "this needs a token with the role " + std::string{name_of(needed)} + ", or the admin socket");
        reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"larder\"");
        return reply;
    }
    return json_error(
        403, "forbidden",
        "this needs the role " + std::string{name_of(needed)} + "; this token has " + std::string{name_of(who)});
}

/// Whether the caller may give these options; and who it is stands in them then, whatever they said.
std::optional<site_reply> check_caller(const api_request& call, const job_kind& kind, json::object& options) {
    if (call.request.who >= role::admin) return {};
    for (const auto& one : kind.options) {
        if (one.name == "by") options["by"] = "token " + call.request.caller;
        if (!options.contains(one.name) || one.name == "by") continue;
        if (auto no = keep_out(one.who, call.request.who)) return no;
    }
    return {};
}

site_reply start_job(const api_request& call, const job_kind& kind) {
    auto options = parse_body(call.request.body);
    if (!options) return json_error(options.error());
    if (auto fine = check_options(kind, *options); !fine) return json_error(fine.error());
    if (auto no = check_caller(call, kind, *options)) return std::move(*no);
    auto text = canonical(*options);
    const auto turn = kind.waits != nullptr && kind.waits(*options) ? job_board::turn::aside : job_board::turn::queue;
    auto work = [&host = call.host, run = kind.run, given = std::move(*options)](const progress_sink& tell,
                                                                                 std::stop_token stop) {
        return run(host, given, tell, std::move(stop));
    };
    return accepted(call.site.jobs().start(std::string{kind.name}, text, std::move(work), turn));
}

site_reply start_reload(const api_request& call) {
    if (!trim(call.request.body).empty() && trim(call.request.body) != "{}")
        return json_error(400, "malformed", "reload takes no options");
    auto work = [&site = call.site](const progress_sink&, std::stop_token) -> result<std::string> {
        LARDER_CHECK(site.reload());
        return std::string{R"({"reloaded":true})"};
    };
    return accepted(call.site.jobs().start("reload", "{}", std::move(work), job_board::turn::at_once));
}

site_reply show_status(const api_request& call) {
    return json_reply(json_text(status_json(gather(call.host, call.site))));
}

site_reply show_archives(const api_request& call) {
    json::array all;
    const auto view = gather(call.host, call.site);
    for (const auto& a : view.archives) all.push_back(archive_json(a));
    return json_reply(json_text(json::object{{"archives", std::move(all)}}));
}

site_reply show_archive(const api_request& call) {
    const auto view = gather(call.host, call.site);
    for (const auto& a : view.archives)
        if (a.name == call.captured.front()) return json_reply(json_text(archive_json(a)));
    return json_error(404, "absent", "no archive is called '" + printable(call.captured.front(), 100) + "'");
}

site_reply show_jobs(const api_request& call) {
    json::array all;
    for (const auto& j : call.site.jobs().all()) all.push_back(job_json(j));
    return json_reply(json_text(json::object{{"jobs", std::move(all)}}));
}

site_reply show_job(const api_request& call) {
    const auto found = call.site.jobs().find(call.captured.front());
    if (!found)
        return json_error(404, "absent",
                          "no job has the id '" + printable(call.captured.front(), 60) +
                              "'; jobs are kept for an hour after their end");
    return json_reply(json_text(job_json(*found)));
}

site_reply show_whoami(const api_request& call) {
    return json_reply(json_text(json::object{{"role", name_of(call.request.who)}}));
}

site_reply show_store(const api_request& call) {
    const auto& path = call.host.store().path();
    const auto id = store_identity(path);
    if (!id) return json_error(500, to_string(id.error().code()), id.error().detail());
    return json_reply(json::serialize(json::object{{"path", path}, {"id", *id}}));
}

/// One that is here is sent from its file, before it comes to this (connection::answer_api_object).
site_reply show_no_object(const api_request& call) {
    const auto& asked = call.captured.front();
    if (!digest::from_hex(asked)) return json_error(400, "malformed", "an object is named by its SHA-256, in hex");
    return json_error(404, "absent", "object " + asked + " is not here");
}

site_reply show_document(const api_request& call) {
    return json_reply(openapi_document(api_routes(call.site.kinds())));
}

site_reply not_allowed(const std::vector<api_route>& routes, std::string_view path) {
    std::vector<std::string_view> verbs;
    for (const auto& r : routes)
        if (match(r.path, path) && std::find(verbs.begin(), verbs.end(), name_of(r.verb)) == verbs.end())
            verbs.push_back(name_of(r.verb));
    if (verbs.empty())
        return json_error(404, "absent", "there is nothing at this path; /api/v1/openapi.json lists what there is");
    std::string allow;
    for (const auto v : verbs) allow += (allow.empty() ? "" : ", ") + std::string{v};
    auto reply = json_error(405, "method_not_allowed", "only " + allow + " can be used here");
    reply.fields.emplace_back("Allow", allow);
    return reply;
}

/// What of a query the operation does not know, or is no number.
std::optional<site_reply> wrong_query(const api_route& route, std::string_view query) {
    if (query.empty()) return {};
    if (route.parameters.empty()) return json_error(400, "malformed", "no query parameter is defined here");
    for (const auto pair : split(query, '&')) {
        const auto name = pair.substr(0, pair.find('='));
        const auto known = std::any_of(route.parameters.begin(), route.parameters.end(),
                                       [&](const auto& one) { return one.name == name; });
        if (!known)
            return json_error(400, "malformed", "no query parameter '" + printable(name, 60) + "' is defined here");
        if (!query_number(query, name))
            return json_error(400, "malformed", "'" + std::string{name} + "' must be a number");
    }
    return {};
}

/// A form of a page elsewhere cannot send this type, so it can start nothing here.
bool is_json(std::string_view content_type) {
    return content_type.empty() || iequals(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

}  // namespace

site_reply json_reply(std::string text, int status) {
    site_reply reply;
    reply.status = status;
    reply.content_type = "application/json";
    reply.body = std::move(text);
    reply.body += '\n';
    reply.fields.emplace_back("Cache-Control", "no-store");
    return reply;
}

site_reply json_error(int status, std::string_view code, std::string_view detail) {
    return json_reply(json_text(json::object{{"error", json::object{{"code", code}, {"detail", detail}}}}), status);
}

site_reply json_error(const error& why) {
    return json_error(core::http_status(why.code()), to_string(why.code()), why.detail());
}

std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name) {
    const auto text = core::query_value(query, name);
    if (!text || text->empty() || text->size() > 15) return {};
    std::uint64_t number = 0;
    for (const char c : *text) {
        if (c < '0' || c > '9') return {};
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

std::vector<api_route> api_routes(const std::vector<job_kind>& kinds) {
    using core::method;
    std::vector<api_route> all{
        {method::get, "/status", role::none, "getStatus",
         "How the server fares: traffic, archives, their suites and mirrors.", "Status", 200, nullptr, show_status},
        {method::get, "/openapi.json", role::none, "getDocument", "This document.", "Document", 200, nullptr,
         show_document},
        {method::get, "/whoami", role::read, "getWhoami", "The role of the token, or of the admin socket.", "Whoami",
         200, nullptr, show_whoami},
        {method::get, "/archives", role::read, "listArchives", "All configured archives.", "Archives", 200, nullptr,
         show_archives},
        {method::get, "/archives/{name}", role::read, "getArchive", "One archive.", "Archive", 200, nullptr,
         show_archive},
        {method::get, "/jobs", role::read, "listJobs",
         "Jobs that wait, run, or ended within the last hour; newest first.", "Jobs", 200, nullptr, show_jobs},
        {method::get, "/jobs/{id}", role::read, "getJob", "One job: how far it is, and its result or error.", "Job",
         200, nullptr, show_job},
        {method::get,
         "/objects/{sha256}",
         role::read,
         "getObject",
         "The bytes of an object, by their SHA-256; ranges are served.",
         "",
         200,
         nullptr,
         show_no_object,
         effort::at_once,
         {},
         "application/octet-stream"},
        {method::get, "/store", role::admin, "getStore",
         "Which store this server has open, so that a command can tell whether it is its own.", "Store", 200, nullptr,
         show_store},
        {method::post, "/reload", role::admin, "reload", "Reads the configuration file anew; connections stay open.",
         "Started", 202, nullptr, start_reload},
    };
    for (auto& one : deployment_routes()) all.push_back(std::move(one));
    for (auto& one : why_routes()) all.push_back(std::move(one));
    for (const auto& k : kinds) {
        api_route start{method::post,
                        "/jobs/" + std::string{k.name},
                        k.needed,
                        "start_" + std::string{k.name},
                        std::string{k.purpose},
                        "Started",
                        202,
                        &k,
                        nullptr};
        start.run = [&k](const api_request& call) { return start_job(call, k); };
        all.push_back(std::move(start));
    }
    return all;
}

namespace {

constexpr std::string_view api_version = "v1";

/// The operation that a request is for, and its path's variable parts.
struct matched {
    const api_route* route = nullptr;
    std::vector<std::string> captured;
};
matched find_route(const std::vector<api_route>& routes, const site_request& request) {
    if (!request.path.starts_with(api_version)) return {};
    const auto path = std::string_view{request.path}.substr(api_version.size());
    // HEAD is GET without the body; the connection leaves that out.
    const auto verb = request.verb == core::method::head ? core::method::get : request.verb;
    for (const auto& route : routes)
        if (route.verb == verb)
            if (auto captured = match(route.path, path)) return {&route, std::move(*captured)};
    return {};
}

}  // namespace

effort effort_of_call(const site_state& site, const site_request& request) {
    if (!request.path.starts_with("v1/deployments") && !request.path.starts_with("v1/why")) return effort::at_once;
    const auto routes = api_routes(site.kinds());
    const auto found = find_route(routes, request);
    return found.route != nullptr && request.who >= found.route->needed ? found.route->cost : effort::at_once;
}

site_reply answer_api(engine& e, site_state& site, const site_request& request, const std::stop_token& stop) {
    if (!request.path.starts_with(api_version)) return json_error(404, "absent", "the API is below /api/v1/");
    const auto routes = api_routes(site.kinds());
    auto found = find_route(routes, request);
    if (found.route == nullptr) return not_allowed(routes, std::string_view{request.path}.substr(api_version.size()));
    const auto& route = *found.route;
    if (auto no = keep_out(route.needed, request.who)) {
        // A browser asks its user then; others know what to do.
        if (route.verb == core::method::get && no->status == 401 && wants_html(request)) ask_for_password(*no);
        return std::move(*no);
    }
    if (auto wrong = wrong_query(route, request.query)) return std::move(*wrong);
    if (route.verb == core::method::post && !is_json(request.content_type))
        return json_error(415, "unsupported", "the body must be application/json");
    return route.run(api_request{e, site, request, std::move(found.captured), stop});
}

}  // namespace larder::net::site
