#pragma once

#include <functional>
#include <larder/net/reply.hpp>
#include <site/site_state.hpp>
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
};

/// One operation. The requests are dispatched by this table, and the API's document is made from it:
/// neither can know of one that the other does not.
struct api_route {
    core::method verb = core::method::get;
    std::string path;  ///< below /api/v1: "/archives/{name}"
    role needed = role::none;
    std::string id;                  ///< operationId
    std::string purpose;             ///< one sentence
    std::string answer;              ///< name of the schema of its success
    int status = 200;                ///< of its success
    const job_kind* kind = nullptr;  ///< the job that it starts; its options are the request's body
    std::function<site_reply(const api_request&)> run;
};

/// All operations; kinds' addresses are kept.
std::vector<api_route> api_routes(const std::vector<job_kind>& kinds);

site_reply answer_api(engine& e, site_state& site, const site_request& request);

/// The OpenAPI 3.1 document of these routes.
std::string openapi_document(const std::vector<api_route>& routes);

// Answers.
site_reply json_reply(std::string text, int status = 200);
/// {"error": {"code": …, "detail": …}}
site_reply json_error(int status, std::string_view code, std::string_view detail);
site_reply json_error(const error& why);

}  // namespace larder::net::site
