#include <deployments/follow.hpp>
#include <larder/net/peers.hpp>
#include <site/api.hpp>

// What the API tells of deployments, at once: the same reports as the jobs have.

namespace larder::net::site {
namespace {

void quiet(const progress&) {}

template <class T>
site_reply told(const result<T>& report) {
    if (report) return json_reply(to_json(*report));
    // The deployment is there (see `of`): what is absent then is an index that should be here.
    if (report.error().code() == errc::absent) return json_error(500, "absent", report.error().detail());
    return json_error(report.error());
}

/// Asks only of a deployment that there is.
template <class F>
std::function<site_reply(const api_request&)> of(F ask) {
    return [ask](const api_request& call) {
        const deployments::registry registry{call.host.store().objects(), call.host.store().refs()};
        const auto found = registry.find(call.captured.front());
        return found ? ask(call, *found) : json_error(found.error());
    };
}

site_reply show_all(const api_request& call) { return told(list_deployments(call.host)); }

site_reply show_one(const api_request& call, const deployments::deployment& d) {
    const deployments::registry registry{call.host.store().objects(), call.host.store().refs()};
    const auto head = registry.load(d.name, d.head);
    if (!head) return told(result<deployment_row>{head.error()});
    deployment_row row{d, *head, {}};
    row.follows = pinning::follows_whom(call.host, d.name);
    return told(result<deployment_row>{std::move(row)});
}

site_reply show_bundle_head(const api_request& call, const deployments::deployment& d) {
    const auto head = bundle_head_of(call.host, d, call.stop);
    if (!head && !d.removed) return told(result<deployment_row>{head.error()});
    if (!head) return json_error(head.error());
    site_reply reply;
    reply.body = *head;
    reply.fields.emplace_back("Cache-Control", "no-store");
    return reply;
}

site_reply show_generations(const api_request& call, const deployments::deployment& d) {
    return told(history_of(call.host, d.name));
}

site_reply show_units(const api_request& call, const deployments::deployment& d) {
    return told(list_units(call.host, d.name, quiet, call.stop));
}

site_reply show_holding(const api_request& call, const deployments::deployment& d) {
    return told(hold_status(call.host, d.name, quiet, call.stop));
}

site_reply show_diff(const api_request& call, const deployments::deployment& d) {
    generation_diff_options options{d.name, query_number(call.request.query, "before").value_or(0),
                                    query_number(call.request.query, "after").value_or(0)};
    if (options.before > d.head || options.after > d.head)
        return json_error(404, "absent",
                          "deployment '" + d.name + "' has generations from 1 to " + std::to_string(d.head));
    return told(diff_generations(call.host, options, quiet, call.stop));
}

}  // namespace

std::vector<api_route> deployment_routes() {
    const auto get = [](std::string path, std::string id, std::string purpose, std::string answer,
                        std::function<site_reply(const api_request&)> run, effort cost) {
        return api_route{core::method::get,
                         "/deployments" + path,
                         role::read,
                         std::move(id),
                         std::move(purpose),
                         std::move(answer),
                         200,
                         nullptr,
                         std::move(run),
                         cost};
    };
    std::vector<api_route> all{
        get("", "listDeployments", "All deployments, removed ones too.", "Deployments", show_all, effort::reads),
        get("/{name}", "getDeployment", "One deployment, with the generation in force.", "Deployment", of(show_one),
            effort::reads),
        get("/{name}/generations", "getGenerations", "Its generations, the first first.", "Generations",
            of(show_generations), effort::reads),
        get("/{name}/units", "getUnits", "Its units, and in which packages each differs from the generation.", "Units",
            of(show_units), effort::computes),
        get("/{name}/status", "getHolding", "What it holds, and what of that is not here.", "Holding", of(show_holding),
            effort::computes),
        get("/{name}/bundle-head", "getBundleHead",
            "The signed head of its bundle, whose list is an object from then on: for a Larder that follows it.", "",
            of(show_bundle_head), effort::computes),
        get("/{name}/diff", "getDiff", "What changed between two generations, package by package.", "Differences",
            of(show_diff), effort::computes),
    };
    all[all.size() - 2].media = "text/plain";
    all.back().parameters = {{"before", "A generation's number. Default: the one before `after`."},
                             {"after", "A generation's number. Default: the one in force."}};
    return all;
}

std::string_view deployment_schemas() noexcept {
    return R"json({
"Pin": {"type": "object", "additionalProperties": false, "required": ["archive", "suite", "snapshot", "shown", "overlay", "picks"], "properties": {
  "archive": {"type": "string"}, "suite": {"type": "string"},
  "snapshot": {"type": "string", "description": "Id of upstream's state."},
  "shown": {"type": "string", "description": "Id of the state that clients see: the same, or one that is signed here."},
  "overlay": {"type": ["string", "null"], "description": "Id of the state composed here: the snapshot with the picks in it."},
  "picks": {"type": "array", "items": {"$ref": "#/components/schemas/Pick"}}}},
"Pick": {"type": "object", "additionalProperties": false, "required": ["package", "architecture", "version", "from"], "properties": {
  "package": {"type": "string"}, "architecture": {"type": "string"},
  "version": {"type": "string", "description": "Empty: the suite's own is left out, so that another suite's counts."},
  "from": {"type": ["string", "null"], "description": "Id of upstream's state that it is taken from."}}},
"Generation": {"type": "object", "additionalProperties": false,
  "required": ["number", "made", "step", "by", "reason", "architectures", "suites"],
  "properties": {
    "number": {"type": "integer"},
    "made": {"$ref": "#/components/schemas/Moment"},
    "step": {"type": "string", "enum": ["create", "first-use", "upgrade", "rollback", "import"]},
    "by": {"type": "string"},
    "reason": {"type": "string"},
    "architectures": {"type": "array", "items": {"type": "string"}},
    "suites": {"type": "array", "items": {"$ref": "#/components/schemas/Pin"}},
    "origin": {"type": "integer", "description": "Of a rollback: the generation that it goes back to."}}},
"OnFirstUse": {"type": "array", "items": {"type": "string"},
  "description": "Archives of which a suite is pinned when a client first asks for it."},
"Lost": {"type": "array", "description": "What cannot be read: its number, and why.", "items": {"type": "object",
  "additionalProperties": false, "required": ["number", "why"], "properties": {
    "number": {"type": "integer"}, "why": {"type": "string"}}}},
"HoldMode": {"type": "string", "enum": ["used", "closure", "full"]},
"Deployment": {"type": "object", "additionalProperties": false,
  "required": ["name", "generation", "hold", "on_first_use", "removed", "trouble", "head", "follows"],
  "properties": {
    "name": {"type": "string"},
    "generation": {"type": "integer", "description": "The number of the one in force."},
    "hold": {"$ref": "#/components/schemas/HoldMode"},
    "on_first_use": {"$ref": "#/components/schemas/OnFirstUse"},
    "removed": {"$ref": "#/components/schemas/Moment"},
    "forget_after": {"$ref": "#/components/schemas/Moment"},
    "trouble": {"type": "string", "description": "Why the generation in force cannot be read; empty when it can."},
    "follows": {"$ref": "#/components/schemas/Follows"},
    "head": {"anyOf": [{"$ref": "#/components/schemas/Generation"}, {"type": "null"}]}}},
"Follows": {"type": ["object", "null"], "additionalProperties": false, "required": ["url", "asked", "trouble"],
  "description": "The peer whose deployment it follows.", "properties": {
  "url": {"type": "string"},
  "asked": {"$ref": "#/components/schemas/Moment", "description": "With success, the last time."},
  "trouble": {"type": "string", "description": "Since then; empty: none."}}},
"Deployments": {"type": "object", "required": ["deployments"], "additionalProperties": false, "properties": {
  "deployments": {"type": "array", "items": {"$ref": "#/components/schemas/Deployment"}}}},
"Generations": {"type": "object", "additionalProperties": false,
  "required": ["name", "generation", "hold", "on_first_use", "removed", "generations", "lost"],
  "properties": {
    "name": {"type": "string"},
    "generation": {"type": "integer"},
    "hold": {"$ref": "#/components/schemas/HoldMode"},
    "on_first_use": {"$ref": "#/components/schemas/OnFirstUse"},
    "removed": {"$ref": "#/components/schemas/Moment"},
    "forget_after": {"$ref": "#/components/schemas/Moment"},
    "generations": {"type": "array", "items": {"$ref": "#/components/schemas/Generation"}},
    "lost": {"$ref": "#/components/schemas/Lost"}}},
"UnitDifference": {"type": "object", "additionalProperties": false,
  "required": ["what", "package", "architecture", "installed", "expected", "held"],
  "properties": {
    "what": {"type": "string", "enum": ["behind", "ahead", "foreign", "phased"]},
    "package": {"type": "string"},
    "architecture": {"type": "string"},
    "installed": {"type": "string"},
    "expected": {"type": "string", "description": "Empty when no suite of the generation has the package."},
    "held": {"type": "boolean", "description": "Held back by the unit's administrator."}}},
"Units": {"type": "object", "additionalProperties": false,
  "required": ["name", "generation", "hold", "on_first_use", "removed", "units", "agree", "trouble"],
  "properties": {
    "name": {"type": "string"},
    "generation": {"type": "integer"},
    "hold": {"$ref": "#/components/schemas/HoldMode"},
    "on_first_use": {"$ref": "#/components/schemas/OnFirstUse"},
    "removed": {"$ref": "#/components/schemas/Moment"},
    "forget_after": {"$ref": "#/components/schemas/Moment"},
    "agree": {"type": "integer", "description": "How many do not differ, as far as that is known."},
    "trouble": {"type": "string", "description": "Why nothing is known of what the generation expects; else empty."},
    "units": {"type": "array", "items": {"type": "object", "additionalProperties": false,
      "required": ["unit", "reported", "report", "packages", "differences", "trouble"],
      "properties": {
        "unit": {"type": "string"},
        "reported": {"$ref": "#/components/schemas/Moment"},
        "report": {"type": "string", "description": "SHA-256 of what it reported; units that agree with each other have the same."},
        "packages": {"type": "integer"},
        "trouble": {"type": "string", "description": "Why it is not known what it has installed; else empty."},
        "differences": {"type": "array", "items": {"$ref": "#/components/schemas/UnitDifference"}}}}}}},
"Holding": {"type": "object", "additionalProperties": false,
  "required": ["name", "generation", "hold", "on_first_use", "removed", "held", "held_bytes", "at_risk", "lost", "fetched",
    "objects", "unresolved", "follows"],
  "properties": {
    "name": {"type": "string"},
    "generation": {"type": "integer"},
    "hold": {"$ref": "#/components/schemas/HoldMode"},
    "on_first_use": {"$ref": "#/components/schemas/OnFirstUse"},
    "removed": {"$ref": "#/components/schemas/Moment"},
    "forget_after": {"$ref": "#/components/schemas/Moment"},
    "held": {"type": "integer", "description": "Files that are here."},
    "held_bytes": {"type": "integer"},
    "follows": {"$ref": "#/components/schemas/Follows"},
    "at_risk": {"type": "integer"},
    "lost": {"type": "integer"},
    "fetched": {"type": "integer", "description": "Always 0 here."},
    "objects": {"type": "array", "description": "Those that are not here.", "items": {"type": "object", "additionalProperties": false,
      "required": ["state", "package", "version", "architecture", "archive", "path", "sha256", "size", "why"],
      "properties": {
        "state": {"type": "string", "enum": ["at risk", "lost"]},
        "package": {"type": "string"}, "version": {"type": "string"}, "architecture": {"type": "string"},
        "archive": {"type": "string"}, "path": {"type": "string"}, "sha256": {"type": "string"},
        "size": {"type": "integer"}, "why": {"type": "string"}}}},
    "unresolved": {"type": "array", "items": {"type": "string"}, "description": "Of a closure: what packages need and no suite has."}}},
"Snapshot": {"type": ["object", "null"], "additionalProperties": false,
  "required": ["archive", "suite", "snapshot", "date", "when", "current", "signers", "indices", "indices_here", "indices_from_chunks", "whole"],
  "properties": {
    "archive": {"type": "string"}, "suite": {"type": "string"}, "snapshot": {"type": "string"},
    "date": {"$ref": "#/components/schemas/Moment"},
    "when": {"type": "string", "description": "The date as it stands in URLs."},
    "current": {"type": "boolean"},
    "signers": {"type": "array", "items": {"type": "string"}},
    "indices": {"type": "integer", "description": "That clients need, of the configured components and architectures."},
    "indices_here": {"type": "integer"}, "indices_from_chunks": {"type": "integer"},
    "whole": {"type": "boolean", "description": "Whether all of it can be served with upstream gone."}}},
"SuiteDifference": {"type": "object", "additionalProperties": false,
  "required": ["archive", "suite", "before", "after", "counts", "packages", "unread"],
  "properties": {
    "archive": {"type": "string"},
    "suite": {"type": "string"},
    "before": {"$ref": "#/components/schemas/Snapshot"},
    "after": {"$ref": "#/components/schemas/Snapshot"},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"},
      "required": ["added", "removed", "upgraded", "downgraded", "changed"]},
    "packages": {"type": "array", "items": {"type": "object", "additionalProperties": false,
      "required": ["what", "package", "architecture", "source", "before", "after", "sha256", "size"],
      "properties": {
        "what": {"type": "string", "enum": ["added", "removed", "upgraded", "downgraded", "changed"]},
        "package": {"type": "string"}, "architecture": {"type": "string"}, "source": {"type": "string"},
        "before": {"type": "string"}, "after": {"type": "string"}, "sha256": {"type": "string"}, "size": {"type": "integer"}}}},
    "unread": {"type": "array", "items": {"type": "string"}, "description": "Indices that are not here, and were not compared."}}},
"Differences": {"type": "object", "additionalProperties": false, "required": ["name", "before", "after", "differences"],
  "properties": {
    "name": {"type": "string"},
    "before": {"type": "integer"},
    "after": {"type": "integer"},
    "differences": {"type": "array", "items": {"$ref": "#/components/schemas/SuiteDifference"}}}}
})json";
}

}  // namespace larder::net::site
