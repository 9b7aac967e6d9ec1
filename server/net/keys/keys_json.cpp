#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/keys.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;

json::value moment_or_null(const std::optional<sys_seconds>& when) {
    if (!when) return nullptr;
    return json::string{format_iso(*when)};
}

json::object key_json(const std::string& archive, const pockets::archive_key& k, const std::string& warning) {
    return {{"archive", archive},
            {"fingerprint", k.fingerprint},
            {"state", to_string(k.state)},
            {"user_id", k.user_id},
            {"algorithm", k.algorithm},
            {"made", format_iso(k.made)},
            {"expires", moment_or_null(k.expires)},
            {"until", moment_or_null(k.until)},
            {"agent_home", k.agent_home},
            {"has_primary", k.has_primary},
            {"needs_passphrase", k.needs_passphrase},
            {"warning", warning}};
}

}  // namespace

std::string to_json(const key_list& report) {
    json::array all;
    for (const auto& one : report.keys) all.push_back(key_json(one.archive, one.key, one.warning));
    return json_text(json::object{{"keys", std::move(all)}, {"packages", strings(report.packages)}});
}

std::string to_json(const key_report& report) {
    json::array keys, pockets;
    for (const auto& one : report.archive.keys) keys.push_back(key_json(report.archive.name, one, {}));
    for (const auto& one : report.pockets)
        pockets.push_back(json::object{{"pocket", one.pocket}, {"publication", one.publication}, {"note", one.note}});
    return json_text(json::object{{"archive", report.archive.name},
                                  {"fingerprint", report.fingerprint},
                                  {"keys", std::move(keys)},
                                  {"pockets", std::move(pockets)},
                                  {"notes", strings(report.notes)}});
}

std::string to_json(const key_export_report& report) {
    return json_text(json::object{{"archive", report.archive},
                                  {"fingerprint", report.fingerprint},
                                  {"public_key", report.public_key},
                                  {"file", report.file},
                                  {"removed", report.removed}});
}

}  // namespace larder::net
