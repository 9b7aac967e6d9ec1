#pragma once

#include <larder/core/http_head.hpp>
#include <larder/net/engine.hpp>
#include <larder/net/waiting.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::net {

/// Who asks: what the UNIX socket, a token, or nobody may do. Each role includes those before it.
enum class role { none, read, upload, promote, admin };

/// A request for a page or the API, whole.
struct site_request {
    core::method verb = core::method::get;
    std::string path;   ///< below /api/ or /, decoded and clean
    std::string query;  ///< as sent
    std::string body;
    std::string host;  ///< as the client named us
    std::string user_agent;
    std::string accept;        ///< the Accept field; a browser's names text/html
    std::string content_type;  ///< of the body; empty when the client sent none
    role who = role::none;
    std::string caller;  ///< the name of its token; empty without one
    /// What the same token may do where a form was sent that only our own pages have: a password that a browser shows
    /// counts in full there, and nowhere else (pocket_forms.hpp).
    role by_form = role::none;
    std::string origin, fetch_site;  ///< whose page a browser sends it for; empty when it does not say
    std::string if_none_match;
    bool secure = false;  ///< came over HTTPS
};

/// A small answer made in memory.
struct site_reply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;
};

/// Whose token this is: the role of the first [[token]] with its hash, or `none`. Every configured
/// hash is compared, and each in a time that does not depend on where it differs.
role role_of_token(const std::vector<core::token_options>& known, std::string_view token);
/// What the same token is called; empty when there is none.
std::string name_of_token(const std::vector<core::token_options>& known, std::string_view token);

/// The same of a password that a browser asked for (any name goes): at most `read`, for a browser sends it with
/// whatever a page elsewhere has it ask for.
role role_of_password(const std::vector<core::token_options>& known, std::string_view password);

/// "/", and what apt-cacher-ng's clients expect there: 406 "Usage Information" for those whose Accept
/// does not name HTML, which is how auto-apt-proxy recognises a cache (it greps apt's own error line
/// for "406.*usage.information"; apt sends "Accept: text/*"). "acng-report.html" is the page for
/// everybody. Also favicon.ico, robots.txt, larder.css, archive/<name>, and deployments and pockets with what is below
/// them, which block.
site_reply answer_page(engine& e, const site_request& request, const std::stop_token& stop = {});

/// /api/v1/…: JSON in and out; roles are checked here; openapi.json describes it. Work that takes long
/// is a job. Blocks for what is below v1/deployments.
site_reply answer_api(engine& e, const site_request& request, const std::stop_token& stop = {});

/// Either of them, for a loop: what is in memory is there at once, the rest is made on the pool, what takes long with
/// a limit; over it the answer is 503.
enum class site_part { page, api };
std::shared_ptr<outcome<site_reply>> begin_answer(engine& e, site_part part, site_request request);

/// /d/NAME[@GENERATION]/FILE: what a deployment's machines are set up with; /d/NAME lists these files. Blocks.
struct deployment_file_request {
    std::string deployment;
    std::optional<std::uint64_t> generation;
    std::string file;
    std::string host;  ///< as the client named us
    bool secure = false;
};
site_reply answer_deployment_file(engine& e, const deployment_file_request& request);

/// POST /d/NAME/report: what a unit has installed, told with the deployment's join token. Blocks.
struct unit_report_request {
    std::string deployment, token, body;
};
site_reply take_unit_report(engine& e, const unit_report_request& request);

/// /metrics
site_reply answer_metrics(engine& e);

}  // namespace larder::net
