#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/why.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;

template <class T, class F>
json::array each(const std::vector<T>& all, F one) {
    json::array out;
    for (const auto& item : all) out.push_back(one(item));
    return out;
}

json::value id_or_null(const std::optional<digest>& id) {
    if (!id) return nullptr;
    return json::value_from(id->hex());
}

json::object entry_json(const store::fetch_entry& entry) {
    const auto& from = entry.origin;
    return {{"number", entry.number},
            {"when", format_iso(from.when)},
            {"how", to_string(from.how)},
            {"archive", from.archive},
            {"path", from.path},
            {"from", strings(from.from)},
            {"size", entry.size},
            {"snapshot", id_or_null(from.state)},
            {"sha256", sha256(entry.write()).hex()}};
}

json::object state_json(const why_state& state) {
    const auto signer = [](const why_signer& one) {
        return json::object{{"fingerprint", one.fingerprint}, {"user_id", one.user_id}};
    };
    return {{"archive", state.archive},
            {"suite", state.suite},
            {"snapshot", state.snapshot.hex()},
            {"date", format_iso(state.date)},
            {"current", state.current},
            {"shown", state.shown},
            {"by", state.by},
            {"signers", each(state.signers, signer)}};
}

json::object deployment_json(const why_deployment& d) {
    const auto number = [](std::uint64_t n) { return json::value(n); };
    return {{"name", d.name},
            {"removed", d.removed},
            {"generations", each(d.generations, number)},
            {"held", d.held},
            {"how", strings(d.how)}};
}

json::object object_json(const why_object& o) {
    json::object out{{"sha256", o.content.hex()},
                     {"here", o.here},
                     {"whole", o.whole},
                     {"package", o.package},
                     {"version", o.version},
                     {"architecture", o.architecture},
                     {"archive", o.archive},
                     {"path", o.path},
                     {"entries", each(o.entries, entry_json)},
                     {"states", each(o.states, state_json)},
                     {"deployments", each(o.deployments, deployment_json)},
                     {"refs", strings(o.refs)}};
    if (o.size)
        out["size"] = *o.size;
    else
        out["size"] = nullptr;
    return out;
}

}  // namespace

std::string to_json(const why_report& report) {
    json::object out{{"asked", report.asked},
                     {"objects", each(report.objects, object_json)},
                     {"unread", strings(report.unread)},
                     {"more", report.more}};
    if (report.log_began)
        out["log_began"] = format_iso(*report.log_began);
    else
        out["log_began"] = nullptr;
    return json_text(out);
}

}  // namespace larder::net
