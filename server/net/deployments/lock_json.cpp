#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/lockfiles.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;

json::value suite_json(const std::optional<deployments::locked_suite>& suite) {
    if (!suite) return nullptr;
    json::array picks;
    for (const auto& one : suite->picks)
        picks.emplace_back(one.what.name + " " + one.what.architecture + " " +
                           (one.what.version.empty() ? "left out" : one.what.version));
    return json::object{{"date", format_iso(suite->date)},    {"when", format_timestamp(suite->date)},
                        {"snapshot", suite->snapshot.hex()},  {"release", suite->release.hex()},
                        {"signers", strings(suite->signers)}, {"picks", std::move(picks)}};
}

}  // namespace

std::string to_json(const lock_report& r) {
    json::array suites;
    for (const auto& one : r.lock.suites) {
        auto row = suite_json(one).get_object();
        row["archive"] = one.archive;
        row["suite"] = one.suite;
        suites.push_back(std::move(row));
    }
    return json_text(json::object{{"name", r.lock.deployment},
                                  {"generation", r.lock.generation},
                                  {"hold", to_string(r.lock.hold)},
                                  {"suites", std::move(suites)},
                                  {"packages", r.lock.packages.size()},
                                  {"format", to_string(r.format)},
                                  {"text", r.text}});
}

std::string to_json(const lock_check& r) {
    json::array suites;
    for (const auto& one : r.differences.suites)
        suites.push_back(json::object{{"archive", one.archive},
                                      {"suite", one.suite},
                                      {"before", suite_json(one.before)},
                                      {"after", suite_json(one.after)}});
    json::object out{{"name", r.name},
                     {"generation", r.generation},
                     {"agrees", r.differences.none()},
                     {"suites", std::move(suites)}};
    pinning::add_changes(out, r.differences.packages);
    return json_text(out);
}

}  // namespace larder::net
