#pragma once

#include <functional>
#include <larder/net/reply.hpp>
#include <optional>
#include <site/site_state.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace larder::net::site {

/// A request that was matched: `captured` are the path's variable parts, in order.
struct api_request {
    engine& host;
    site_state& site;
    const site_request& request;
    std::vector<std::string> captured;
    std::stop_token stop;
};

/// A number in a request's query.
struct api_parameter {
    std::string_view name, purpose;
};

/// One operation. The requests are dispatched by this table, and the API's document is made from it:
/// neither can know of one that the other does not.
struct api_route {
    core::method verb = core::method::get;
    std::string path;  ///< below /api/v1: "/archives/{name}"
    role needed = role::none;
    std::string id;                  ///< operationId
    std::string purpose;             ///< one sentence
    std::string answer;              ///< name of the schema of its success; empty: see `media`
    int status = 200;                ///< of its success
    const job_kind* kind = nullptr;  ///< the job that it starts; its options are the request's body
    std::function<site_reply(const api_request&)> run;
    effort cost = effort::at_once;
    std::vector<api_parameter> parameters = {};   ///< all optional; no other is taken
    std::string_view media = "application/json";  ///< of its success; another has no schema
};

/// All operations; kinds' addresses are kept.
std::vector<api_route> api_routes(const std::vector<job_kind>& kinds);

/// What is asked of deployments.
std::vector<api_route> deployment_routes();
/// The schemas of their answers, as JSON: the shapes of deployments/report_json.cpp.
std::string_view deployment_schemas() noexcept;
/// What is asked of objects, and the schemas of the answers: the shapes of why/why_json.cpp.
std::vector<api_route> why_routes();
std::string_view why_schemas() noexcept;

/// What answering it takes, for whoever may.
effort effort_of_call(const site_state& site, const site_request& request);
site_reply answer_api(engine& e, site_state& site, const site_request& request, const std::stop_token& stop = {});

/// The OpenAPI 3.1 document of these routes.
std::string openapi_document(const std::vector<api_route>& routes);

/// A query's number of that name; nothing when it is absent or something else.
std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name);

// Answers.
site_reply json_reply(std::string text, int status = 200);
/// {"error": {"code": …, "detail": …}}
site_reply json_error(int status, std::string_view code, std::string_view detail);
site_reply json_error(const error& why);

}  // namespace larder::net::site
