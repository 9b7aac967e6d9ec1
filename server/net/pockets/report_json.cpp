#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/pocket_intake.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;

json::value moment_or_null(const std::optional<sys_seconds>& when) {
    if (!when) return nullptr;
    return json::string{format_iso(*when)};
}

json::object archive_json(const pockets::local_archive& a) {
    const auto signing = a.signing(a.made);
    return {
        {"name", a.name}, {"key", signing.empty() ? "" : signing.front()->fingerprint}, {"made", format_iso(a.made)}};
}

json::array uploaders_json(const pockets::pocket& p) {
    json::array all;
    for (const auto& one : p.uploaders)
        all.push_back(json::object{{"fingerprint", one.fingerprint}, {"user_id", one.user_id}});
    return all;
}

json::array overrides_json(const pockets::pocket& p) {
    json::array all;
    for (const auto& [package, one] : p.overrides)
        all.push_back(json::object{{"package", package},
                                   {"section", one.section},
                                   {"priority", one.priority},
                                   {"phased", one.phased ? json::value(*one.phased) : json::value(nullptr)}});
    return all;
}

json::object pocket_json(const pockets::pocket& p) {
    return {{"archive", p.archive},
            {"suite", p.suite},
            {"name", p.name()},
            {"base", p.base},
            {"feeds", p.feeds},
            {"components", strings(p.components)},
            {"architectures", strings(p.architectures)},
            {"origin", p.origin},
            {"label", p.label},
            {"description", p.description},
            {"version", p.release_version},
            {"supported_until", moment_or_null(p.supported_until)},
            {"upgrades_from", p.upgrades_from},
            {"not_automatic", p.not_automatic},
            {"but_automatic_upgrades", p.but_automatic_upgrades},
            {"valid_for_seconds", p.valid_for.count()},
            {"needs_source", p.needs_source},
            {"changelogs", p.changelogs},
            {"xz", p.xz},
            {"translations", p.translations},
            {"contents", p.contents},
            {"frozen", p.frozen},
            {"publication", p.head},
            {"uploaders", uploaders_json(p)},
            {"upload_token", p.upload_token},
            {"incoming", p.incoming},
            {"distributions", strings(p.distributions)},
            {"overrides", overrides_json(p)}};
}

json::array taken_json(const pockets::publication& p) {
    json::array all;
    for (const auto& one : p.taken)
        all.push_back(json::object{{"package", one.name},
                                   {"version", one.version},
                                   {"architecture", one.architecture},
                                   {"from", one.from},
                                   {"why", one.why}});
    return all;
}

json::object publication_json(const pockets::publication& p) {
    json::object out{{"pocket", p.pocket},
                     {"number", p.number},
                     {"id", p.id().hex()},
                     {"parent", p.parent ? json::value(p.parent->hex()) : json::value(nullptr)},
                     {"made", format_iso(p.made)},
                     {"step", to_string(p.how)},
                     {"by", p.by},
                     {"reason", p.reason},
                     {"from", p.from},
                     {"origin", p.origin},
                     {"snapshot", p.snapshot.hex()},
                     {"added", p.added},
                     {"removed", p.removed},
                     {"changed", p.changed},
                     {"overridden", p.overridden},
                     {"findings", strings(p.findings)},
                     {"taken", taken_json(p)}};
    return out;
}

}  // namespace

std::string to_json(const pockets::local_archive& a) { return json_text(archive_json(a)); }

std::string to_json(const pockets::pocket& p) { return json_text(pocket_json(p)); }

std::string to_json(const publication_report& report) {
    json::object out{{"pocket", pocket_json(report.pocket)},
                     {"publication", publication_json(report.publication)},
                     {"made", report.made},
                     {"passed", report.passed},
                     {"findings", strings(report.findings)},
                     {"warnings", strings(report.warnings)}};
    if (!report.preferences.empty()) out["preferences"] = report.preferences;
    pinning::add_changes(out, report.changes);
    return json_text(out);
}

std::string to_json(const pocket_list& report) {
    json::array all;
    for (const auto& row : report.pockets) {
        auto one = pocket_json(row.pocket);
        one["upgrades_to"] = strings(row.upgrades_to);
        one["warning"] = row.warning;
        one["last"] = row.last ? json::value(publication_json(*row.last)) : json::value(nullptr);
        json::array sources;
        for (const auto& [name, version] : row.sources)
            sources.push_back(json::object{{"source", name}, {"version", version}});
        one["sources"] = std::move(sources);
        all.push_back(std::move(one));
    }
    return json_text(json::object{{"pockets", std::move(all)}});
}

std::string to_json(const upload_list& report) {
    json::array all;
    for (const auto& one : report.uploads)
        all.push_back(json::object{{"when", format_iso(one.when)},
                                   {"changes", one.changes},
                                   {"state", one.state},
                                   {"by", one.by},
                                   {"text", one.text}});
    return json_text(json::object{{"pocket", report.pocket}, {"uploads", std::move(all)}});
}

std::string to_json(const pocket_history& report) {
    json::array all;
    for (const auto& one : report.publications) all.push_back(publication_json(one));
    return json_text(json::object{{"pocket", pocket_json(report.pocket)}, {"publications", std::move(all)}});
}

}  // namespace larder::net
