#include <boost/json.hpp>
#include <larder/base/text.hpp>
#include <site/api.hpp>

// The API's description of itself, made from the table that the requests are dispatched by.

namespace larder::net::site {
namespace {

namespace json = boost::json;

/// The shapes of api_views.cpp.
constexpr std::string_view schemas = R"json({
"Error": {"type": "object", "required": ["error"], "additionalProperties": false, "properties": {
  "error": {"type": "object", "required": ["code", "detail"], "additionalProperties": false, "properties": {
    "code": {"type": "string", "description": "A stable name: absent, malformed, refused, unauthorized, …"},
    "detail": {"type": "string", "description": "One line for people."}}}}},
"Health": {"type": "string", "enum": ["fresh", "waiting", "stale", "trouble"]},
"Moment": {"type": ["string", "null"], "format": "date-time", "description": "RFC 3339, UTC."},
"Suite": {"type": "object", "additionalProperties": false,
  "required": ["name", "health", "reason", "snapshot", "date", "valid_until", "validated", "age_seconds", "last_error", "signers", "states"],
  "properties": {
    "name": {"type": "string"},
    "health": {"$ref": "#/components/schemas/Health"},
    "reason": {"type": "string", "description": "Why it is not fresh; may hold text from upstream."},
    "snapshot": {"type": ["string", "null"], "description": "Id of the state that is served."},
    "date": {"$ref": "#/components/schemas/Moment"},
    "valid_until": {"$ref": "#/components/schemas/Moment"},
    "validated": {"$ref": "#/components/schemas/Moment"},
    "age_seconds": {"type": ["integer", "null"], "description": "Since upstream last confirmed the state."},
    "last_error": {"type": "string"},
    "signers": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["fingerprint", "user_id"],
      "properties": {"fingerprint": {"type": "string"}, "user_id": {"type": "string"}}}},
    "states": {"type": "integer", "description": "Verified states that are kept."}}},
"Mirror": {"type": "object", "additionalProperties": false,
  "required": ["url", "failures", "waiting", "last_error", "mismatches", "latency_ms"],
  "properties": {
    "url": {"type": "string"},
    "failures": {"type": "integer", "description": "In a row; 0 is healthy."},
    "waiting": {"type": "boolean", "description": "Left alone for a while after failures."},
    "last_error": {"type": "string"},
    "mismatches": {"type": "integer", "description": "Times it sent wrong bytes."},
    "latency_ms": {"type": ["integer", "null"], "description": "To the first byte, moving average."}}},
"Archive": {"type": "object", "additionalProperties": false,
  "required": ["name", "health", "components", "architectures", "keyring", "refresh_seconds", "suites", "mirrors"],
  "properties": {
    "name": {"type": "string"},
    "health": {"$ref": "#/components/schemas/Health"},
    "components": {"type": "array", "items": {"type": "string"}},
    "architectures": {"type": "array", "items": {"type": "string"}},
    "keyring": {"type": "array", "items": {"type": "string"}},
    "refresh_seconds": {"type": "integer"},
    "suites": {"type": "array", "items": {"$ref": "#/components/schemas/Suite"}},
    "mirrors": {"type": "array", "items": {"$ref": "#/components/schemas/Mirror"}}}},
"Archives": {"type": "object", "required": ["archives"], "additionalProperties": false, "properties": {
  "archives": {"type": "array", "items": {"$ref": "#/components/schemas/Archive"}}}},
"Status": {"type": "object", "additionalProperties": false,
  "required": ["version", "now", "started", "uptime_seconds", "requests", "hit_rate", "bytes", "connections", "fetches",
    "damaged_objects", "digest_mismatches", "disk", "archives", "keys"],
  "properties": {
    "version": {"type": "string"},
    "now": {"$ref": "#/components/schemas/Moment"},
    "started": {"$ref": "#/components/schemas/Moment"},
    "uptime_seconds": {"type": "integer"},
    "requests": {"type": "object", "description": "Counts since the start.", "additionalProperties": {"type": "integer"},
      "required": ["total", "hits", "misses", "joins", "not_modified", "not_found", "failures", "refused", "cut"]},
    "hit_rate": {"type": ["number", "null"], "description": "Of the files asked for, those that started no fetch from upstream: 0 to 1."},
    "bytes": {"type": "object", "description": "Of bodies, since the start; saved: sent beyond what came from upstream.",
      "additionalProperties": {"type": "integer"}, "required": ["sent", "saved", "from_upstream"]},
    "connections": {"type": "integer", "description": "Open now."},
    "fetches": {"type": "integer", "description": "Objects on their way from upstream now."},
    "damaged_objects": {"type": "integer"},
    "digest_mismatches": {"type": "integer"},
    "disk": {"type": "object", "description": "The store's file system, in bytes.", "additionalProperties": false,
      "required": ["free", "size"], "properties": {"free": {"type": ["integer", "null"]}, "size": {"type": ["integer", "null"]}}},
    "archives": {"type": "array", "items": {"$ref": "#/components/schemas/Archive"}},
    "keys": {"type": "array", "description": "Of archives that are published here; without those that are gone.",
      "items": {"type": "object", "additionalProperties": false,
        "required": ["archive", "fingerprint", "state", "expires", "until", "warning"], "properties": {
          "archive": {"type": "string"}, "fingerprint": {"type": "string"},
          "state": {"type": "string", "enum": ["coming", "active", "leaving", "revoked", "gone"]},
          "expires": {"$ref": "#/components/schemas/Moment"}, "until": {"$ref": "#/components/schemas/Moment"},
          "warning": {"type": "string", "description": "That it ends soon, or has; empty when there is nothing to do."}}}}}},
"Job": {"type": "object", "additionalProperties": false,
  "required": ["id", "kind", "options", "state", "created", "ended", "progress"],
  "properties": {
    "id": {"type": "string"},
    "kind": {"type": "string"},
    "options": {"type": "object", "description": "As given; a text of more than 4 KiB as its sha256 and size, a list of more than 100 as its sha256 and count."},
    "state": {"type": "string", "enum": ["queued", "running", "done", "failed"]},
    "created": {"$ref": "#/components/schemas/Moment"},
    "ended": {"$ref": "#/components/schemas/Moment"},
    "progress": {"type": "object", "additionalProperties": false, "required": ["doing", "done", "total"], "properties": {
      "doing": {"type": "string"}, "done": {"type": "integer"}, "total": {"type": "integer", "description": "0: not known."}}},
    "result": {"description": "Once it is done; its shape is the kind's."},
    "error": {"type": "object", "description": "Once it has failed.", "additionalProperties": false, "required": ["code", "detail"],
      "properties": {"code": {"type": "string"}, "detail": {"type": "string"}}}}},
"Jobs": {"type": "object", "required": ["jobs"], "additionalProperties": false, "properties": {
  "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}}},
"Started": {"type": "object", "required": ["job", "joined"], "additionalProperties": false, "properties": {
  "job": {"type": "string", "description": "The id to ask /jobs/{id} for."},
  "joined": {"type": "boolean", "description": "The same work was under way already."}}},
"Whoami": {"type": "object", "required": ["role"], "additionalProperties": false, "properties": {
  "role": {"type": "string", "enum": ["none", "read", "upload", "promote", "admin"]}}},
"Store": {"type": "object", "required": ["path", "id"], "additionalProperties": false, "properties": {
  "path": {"type": "string", "description": "Its folder, as the configuration names it."},
  "id": {"type": "string", "description": "The same for every path that leads there, on this machine."}}},
"Document": {"type": "object", "required": ["openapi", "info", "paths"]}
})json";

json::object ref(std::string_view schema) { return {{"$ref", "#/components/schemas/" + std::string{schema}}}; }

json::object answer(std::string_view says, std::string_view schema) {
    return {{"description", says},
            {"content", json::object{{"application/json", json::object{{"schema", ref(schema)}}}}}};
}

json::object answer_as(std::string_view media) {
    return {{"description", "As asked."},
            {"content", json::object{{media, json::object{{"schema", json::object{{"type", "string"}}}}}}}};
}

json::object schema_of(const job_option& o) {
    json::object s;
    switch (o.type) {
        case option_type::boolean: s["type"] = "boolean"; break;
        case option_type::number:
            s["type"] = "integer";
            s["minimum"] = 0;
            s["maximum"] = o.most;
            break;
        case option_type::text: s["type"] = "string"; break;
        case option_type::texts:
            s["type"] = "array";
            s["items"] = json::object{{"type", "string"}};
            break;
    }
    s["description"] = o.purpose;
    return s;
}

json::object body_of(const job_kind& kind) {
    json::object properties;
    json::array required;
    for (const auto& o : kind.options) {
        properties[o.name] = schema_of(o);
        if (o.need == presence::required) required.emplace_back(o.name);
    }
    const bool needed = !required.empty();
    json::object schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
    if (needed) schema["required"] = std::move(required);
    return {{"required", needed},
            {"content", json::object{{"application/json", json::object{{"schema", std::move(schema)}}}}}};
}

json::array parameters_of(std::string_view path) {
    json::array all;
    for (const auto part : split(path, '/'))
        if (part.starts_with('{'))
            all.push_back(json::object{{"name", part.substr(1, part.size() - 2)},
                                       {"in", "path"},
                                       {"required", true},
                                       {"schema", json::object{{"type", "string"}}}});
    return all;
}

json::object query_parameter(const api_parameter& one) {
    json::object schema{{"type", "integer"}, {"minimum", 0}};
    return {{"name", one.name},
            {"in", "query"},
            {"required", false},
            {"description", one.purpose},
            {"schema", std::move(schema)}};
}

json::object all_schemas() {
    auto all = json::parse(schemas);
    for (const auto text : {deployment_schemas(), why_schemas()}) {
        const auto more = json::parse(text);
        for (const auto& [name, schema] : more.get_object()) all.get_object()[name] = schema;
    }
    return std::move(all.get_object());
}

std::string role_note(role needed) {
    switch (needed) {
        case role::none: return "Open to everybody who can connect.";
        case role::read: return "Needs a token with any role, or the admin socket.";
        case role::upload: return "Needs a token with the role upload, or more.";
        case role::promote: return "Needs a token with the role promote, or more.";
        case role::admin: return "Needs a token with the role admin, or the admin socket.";
    }
    return "";
}

json::object operation_of(const api_route& r) {
    json::object responses;
    responses[std::to_string(r.status)] =
        r.answer.empty() ? answer_as(r.media) : answer(r.status == 202 ? "Started." : "As asked.", r.answer);
    if (r.needed != role::none) {
        responses["401"] = answer("No token, or an unknown one.", "Error");
        responses["403"] = answer("The token's role does not suffice.", "Error");
    }
    if (r.path.find('{') != std::string::npos) responses["404"] = answer("There is none of this name.", "Error");
    responses["400"] = answer("Wrong parameters or options; the detail says which, or at which byte.", "Error");
    if (r.verb == core::method::post) {
        responses["415"] = answer("The body is not application/json.", "Error");
        responses["503"] = answer("Too many jobs wait, or the server is stopping.", "Error");
    }
    if (r.cost != effort::at_once)
        responses["503"] = answer("Too many others ask for what takes long, or the server is stopping.", "Error");
    json::object out{{"operationId", r.id}, {"summary", r.purpose}, {"description", role_note(r.needed)}};
    auto parameters = parameters_of(r.path);
    for (const auto& one : r.parameters) parameters.push_back(query_parameter(one));
    if (!parameters.empty()) out["parameters"] = std::move(parameters);
    if (r.kind != nullptr) out["requestBody"] = body_of(*r.kind);
    out["responses"] = std::move(responses);
    if (r.needed == role::none) out["security"] = json::array{};
    return out;
}

}  // namespace

std::string openapi_document(const std::vector<api_route>& routes) {
    json::object paths;
    for (const auto& r : routes) {
        if (!paths.contains(r.path)) paths[r.path] = json::object{};
        paths[r.path].get_object()[r.verb == core::method::post ? "post" : "get"] = operation_of(r);
    }
    json::object document{
        {"openapi", "3.1.0"},
        {"info", json::object{{"title", "Larder"},
                              {"version", LARDER_VERSION},
                              {"description",
                               "Administration of a Larder server. Errors have one shape; long work is a job. On the "
                               "UNIX socket everybody is admin; over TCP a bearer token says who asks."}}},
        {"servers", json::array{json::object{{"url", "/api/v1"}}}},
        {"security", json::array{json::object{{"token", json::array{}}}}},
        {"paths", std::move(paths)},
        {"components", json::object{{"schemas", all_schemas()},
                                    {"securitySchemes",
                                     json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}}}};
    return json::serialize(document);
}

}  // namespace larder::net::site
