#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/deployments.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;
using deployments::generation;

json::object snapshot_json(const snapshot_row& row) {
    return {{"archive", row.archive},
            {"suite", row.suite},
            {"snapshot", row.id.hex()},
            {"date", format_iso(row.date)},
            {"when", format_timestamp(row.date)},
            {"current", row.current},
            {"signers", strings(row.signers)},
            {"indices", row.indices},
            {"indices_here", row.indices_here},
            {"indices_from_chunks", row.indices_from_chunks},
            {"whole", row.whole()}};
}

json::value snapshot_or_null(const std::optional<snapshot_row>& row) {
    if (!row) return nullptr;
    return snapshot_json(*row);
}

json::object difference_json(const suite_difference& d) {
    json::object out{{"archive", d.archive},
                     {"suite", d.suite},
                     {"before", snapshot_or_null(d.before)},
                     {"after", snapshot_or_null(d.after)},
                     {"unread", strings(d.unread)}};
    pinning::add_changes(out, d.packages);
    return out;
}

json::array differences_json(const std::vector<suite_difference>& all) {
    json::array out;
    for (const auto& d : all) out.push_back(difference_json(d));
    return out;
}

json::array picks_json(const std::vector<deployments::pick>& picks) {
    json::array all;
    for (const auto& one : picks) {
        json::object row{{"package", one.name}, {"architecture", one.architecture}, {"version", one.version}};
        if (one.version.empty())
            row["from"] = nullptr;
        else
            row["from"] = one.from.hex();
        all.push_back(std::move(row));
    }
    return all;
}

json::object generation_json(const generation& g) {
    json::array suites;
    for (const auto& pin : g.pins) {
        json::object one{{"archive", pin.archive}, {"suite", pin.suite}, {"snapshot", pin.snapshot.hex()}};
        one["shown"] = pin.state().hex();
        if (pin.overlay)
            one["overlay"] = pin.overlay->hex();
        else
            one["overlay"] = nullptr;
        one["picks"] = picks_json(pin.picks);
        suites.push_back(std::move(one));
    }
    json::object out{{"number", g.number},         {"made", format_iso(g.made)},
                     {"step", to_string(g.how)},   {"by", g.by},
                     {"reason", g.reason},         {"architectures", strings(g.architectures)},
                     {"suites", std::move(suites)}};
    if (g.origin != 0) out["origin"] = g.origin;
    return out;
}

json::object deployment_json(const deployments::deployment& d) {
    json::object out{{"name", d.name}, {"generation", d.head}, {"hold", to_string(d.hold)}};
    out["on_first_use"] = strings(d.on_first_use);
    if (d.removed)
        out["removed"] = format_iso(*d.removed);
    else
        out["removed"] = nullptr;
    if (d.forget_after) out["forget_after"] = format_iso(*d.forget_after);
    return out;
}

}  // namespace

void pinning::add_changes(json::object& to, const std::vector<index::package_change>& changes) {
    json::array packages;
    json::object counts{{"added", 0}, {"removed", 0}, {"upgraded", 0}, {"downgraded", 0}, {"changed", 0}};
    for (const auto& c : changes) {
        const auto what = index::to_string(c.what);
        packages.push_back(json::object{{"what", what},
                                        {"package", c.name},
                                        {"architecture", c.architecture},
                                        {"source", c.source},
                                        {"before", c.before},
                                        {"after", c.after},
                                        {"sha256", c.content.hex()},
                                        {"size", c.size}});
        counts[what] = counts[what].as_int64() + 1;
    }
    to["counts"] = std::move(counts);
    to["packages"] = std::move(packages);
}

json::array pinning::rows_json(const std::vector<hold_row>& all) {
    json::array rows;
    for (const auto& row : all)
        rows.push_back(json::object{{"state", to_string(row.state)},
                                    {"package", row.package},
                                    {"version", row.version},
                                    {"architecture", row.architecture},
                                    {"archive", row.archive},
                                    {"path", row.path},
                                    {"sha256", row.content.hex()},
                                    {"size", row.size},
                                    {"why", row.why}});
    return rows;
}

std::string to_json(const removal& report) {
    auto out = deployment_json(report.deployment);
    out["objects"] = report.objects;
    out["bytes"] = report.bytes;
    return json_text(out);
}

std::string to_json(const hold_report& report) {
    auto out = deployment_json(report.deployment);
    out["held"] = report.held;
    out["held_bytes"] = report.held_bytes;
    out["at_risk"] = report.at_risk;
    out["lost"] = report.lost;
    out["fetched"] = report.fetched;
    out["objects"] = pinning::rows_json(report.rows);
    out["unresolved"] = strings(report.unresolved);
    out["follows"] = pinning::follows_json(report.follows);
    return json_text(out);
}

namespace {

json::array lost_json(const std::vector<lost_record>& all) {
    json::array out;
    for (const auto& one : all) out.push_back(json::object{{"number", one.number}, {"why", one.why}});
    return out;
}

json::object units_json(const units_report& report) {
    json::array units;
    for (const auto& unit : report.units) {
        json::array differences;
        for (const auto& d : unit.differences)
            differences.push_back(json::object{{"what", to_string(d.what)},
                                               {"package", d.name},
                                               {"architecture", d.architecture},
                                               {"installed", d.installed},
                                               {"expected", d.expected},
                                               {"held", d.held}});
        units.push_back(json::object{{"unit", unit.id},
                                     {"reported", format_iso(unit.reported)},
                                     {"report", unit.report.hex()},
                                     {"packages", unit.packages},
                                     {"differences", std::move(differences)},
                                     {"trouble", unit.trouble}});
    }
    auto out = deployment_json(report.deployment);
    out["units"] = std::move(units);
    out["agree"] = report.agree;
    out["trouble"] = report.trouble;
    return out;
}

}  // namespace

std::string to_json(const units_report& report) { return json_text(units_json(report)); }

std::string to_json(const journal_report& report) {
    json::array entries;
    for (const auto& one : report.entries) {
        json::object row{{"number", one.number},
                         {"when", format_iso(one.when)},
                         {"what", one.what},
                         {"subject", one.subject},
                         {"by", one.by},
                         {"reason", one.reason},
                         {"sha256", sha256(one.write()).hex()}};
        entries.push_back(std::move(row));
    }
    json::object out{{"entries", std::move(entries)}, {"lost", lost_json(report.lost)}, {"broken", report.broken}};
    if (report.verified)
        out["verified"] = *report.verified;
    else
        out["verified"] = nullptr;
    out["broken_fetches"] = report.broken_fetches;
    out["broken_seal"] = report.broken_seal;
    out["sealed"] = nullptr;
    if (report.sealed)
        out["sealed"] = json::object{
            {"number", report.sealed->number}, {"when", format_iso(report.sealed->when)}, {"by", report.sealed_by}};
    if (report.fetches)
        out["fetches"] = *report.fetches;
    else
        out["fetches"] = nullptr;
    return json_text(out);
}

std::string to_json(const journal_export_report& report) {
    return json_text(json::object{{"file", report.file},
                                  {"entries", report.entries},
                                  {"bytes", report.bytes},
                                  {"fingerprint", report.fingerprint}});
}

std::string to_json(const admit_report& report) {
    auto out = units_json(report.units);
    out["admitted"] = report.admitted;
    out["overridden"] = report.overridden;
    json::array plan;
    for (const auto& one : report.plan) {
        json::array commands, shell;
        for (const auto& command : one.commands) {
            commands.push_back(strings(command));
            shell.emplace_back(deployments::to_string(command));
        }
        plan.push_back(json::object{{"unit", one.unit},
                                    {"commands", std::move(commands)},
                                    {"shell", std::move(shell)},
                                    {"foreign", strings(one.foreign)}});
    }
    out["plan"] = std::move(plan);
    return json_text(out);
}

std::string to_json(const deployments::deployment& report) { return json_text(deployment_json(report)); }

std::string to_json(const snapshot_list& report) {
    json::array all;
    for (const auto& row : report.snapshots) all.push_back(snapshot_json(row));
    return json_text(json::object{{"snapshots", std::move(all)}});
}

std::string to_json(const suite_difference& report) { return json_text(difference_json(report)); }

std::string to_json(const generation_report& report) {
    auto out = deployment_json(report.deployment);
    out["generation"] = generation_json(report.generation);
    out["made"] = report.made;
    out["differences"] = differences_json(report.differences);
    out["unmet"] = strings(report.unmet);
    out["foreign"] = strings(report.foreign);
    out["disagreeing"] = strings(report.disagreeing);
    return json_text(out);
}

namespace {

json::object row_json(const deployment_row& row) {
    auto out = deployment_json(row.deployment);
    out["trouble"] = row.trouble;
    out["follows"] = pinning::follows_json(row.follows);
    if (row.trouble.empty())
        out["head"] = generation_json(row.head);
    else
        out["head"] = nullptr;
    return out;
}

}  // namespace

std::string to_json(const deployment_row& report) { return json_text(row_json(report)); }

std::string to_json(const deployment_list& report) {
    json::array all;
    for (const auto& row : report.deployments) all.push_back(row_json(row));
    return json_text(json::object{{"deployments", std::move(all)}});
}

std::string to_json(const deployment_history& report) {
    auto out = deployment_json(report.deployment);
    json::array all;
    for (const auto& g : report.generations) all.push_back(generation_json(g));
    out["generations"] = std::move(all);
    out["lost"] = lost_json(report.lost);
    return json_text(out);
}

std::string to_json(const generation_diff& report) {
    return json_text(json::object{{"name", report.name},
                                  {"before", report.before},
                                  {"after", report.after},
                                  {"differences", differences_json(report.differences)}});
}

}  // namespace larder::net
