#include <larder/net/why.hpp>
#include <site/api.hpp>
#include <site/job_options.hpp>

// Why something is here: as a job, and at once.

namespace larder::net::site {
namespace {

namespace json = boost::json;

void quiet(const progress&) {}

result<std::string> run_why(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    std::string what;
    take(given, "what", what);
    return told(explain(e, what, tell, std::move(stop)));
}

site_reply show_why(const api_request& call) {
    const auto report = explain(call.host, call.captured.front(), quiet, call.stop);
    // What is no question is the client's fault, and not the configuration's.
    if (!report && report.error().code() == errc::bad_config)
        return json_error(400, "malformed", report.error().detail());
    if (!report) return json_error(report.error());
    if (report->objects.empty()) return json_error(404, "absent", "nothing is known of it here");
    return json_reply(to_json(*report));
}

}  // namespace

std::vector<job_kind> why_kinds() {
    return {{"why",
             "Tells where an object came from, what vouches for it, and who keeps it.",
             {{"what", option_type::text, "A SHA-256, a package (\"name\", \"name=version\"), or a path.",
               presence::required}},
             run_why}};
}

std::vector<api_route> why_routes() {
    return {{core::method::get, "/why/{what}", role::read, "getWhy",
             "Where an object, or each of a package, came from, what vouches for it, and who keeps it. `what` is a "
             "SHA-256 or a package.",
             "Why", 200, nullptr, show_why, effort::computes}};
}

std::string_view why_schemas() noexcept {
    return R"json({
"Why": {"type": "object", "additionalProperties": false, "required": ["asked", "objects", "unread", "more", "log_began"], "properties": {
  "asked": {"type": "string"},
  "more": {"type": "boolean", "description": "There are more objects of this name than are told."},
  "unread": {"type": "array", "items": {"type": "string"}, "description": "What could not be looked at."},
  "log_began": {"$ref": "#/components/schemas/Moment"},
  "objects": {"type": "array", "items": {"type": "object", "additionalProperties": false,
    "required": ["sha256", "size", "here", "whole", "package", "version", "architecture", "archive", "path", "entries", "states",
      "deployments", "refs"],
    "properties": {
      "sha256": {"type": "string"},
      "size": {"type": ["integer", "null"]},
      "here": {"type": "boolean"},
      "whole": {"type": "boolean", "description": "Its file was read now, and has this hash."},
      "package": {"type": "string", "description": "Empty for what is no package."},
      "version": {"type": "string"}, "architecture": {"type": "string"},
      "archive": {"type": "string"}, "path": {"type": "string"},
      "entries": {"type": "array", "description": "Of the fetch log: when it came and from where.", "items": {"type": "object", "additionalProperties": false,
        "required": ["number", "when", "how", "archive", "path", "from", "size", "snapshot", "sha256"],
        "properties": {
          "number": {"type": "integer"},
          "when": {"$ref": "#/components/schemas/Moment"},
          "how": {"type": "string", "enum": ["fetched", "repaired", "imported", "bundle", "made"]},
          "archive": {"type": "string"}, "path": {"type": "string"},
          "from": {"type": "array", "items": {"type": "string"}, "description": "URLs, after redirects, or a file; the last one ended it."},
          "size": {"type": "integer"},
          "snapshot": {"type": ["string", "null"], "description": "The state by which it was verified, where that was looked at."},
          "sha256": {"type": "string", "description": "Of the entry, as the next one names it."}}}},
      "states": {"type": "array", "description": "Verified states that name it.", "items": {"type": "object", "additionalProperties": false,
        "required": ["archive", "suite", "snapshot", "date", "current", "shown", "by", "signers"],
        "properties": {
          "archive": {"type": "string"}, "suite": {"type": "string"}, "snapshot": {"type": "string"},
          "date": {"$ref": "#/components/schemas/Moment"},
          "current": {"type": "boolean"},
          "shown": {"type": "boolean", "description": "Signed here, and shown in place of upstream's."},
          "by": {"type": "string", "description": "Which of its files names it."},
          "signers": {"type": "array", "items": {"type": "object", "additionalProperties": false,
            "required": ["fingerprint", "user_id"],
            "properties": {"fingerprint": {"type": "string"}, "user_id": {"type": "string"}}}}}}},
      "deployments": {"type": "array", "description": "Whose generations name it, or that hold it.", "items": {"type": "object", "additionalProperties": false,
        "required": ["name", "removed", "generations", "held", "how"],
        "properties": {
          "name": {"type": "string"},
          "removed": {"type": "boolean"},
          "generations": {"type": "array", "items": {"type": "integer"}},
          "held": {"type": "boolean"},
          "how": {"type": "array", "items": {"type": "string"}}}}},
      "refs": {"type": "array", "items": {"type": "string"}, "description": "That name the object itself."}}}}}}
})json";
}

}  // namespace larder::net::site
