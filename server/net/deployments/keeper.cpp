#include "deployments/keeper.hpp"
#include "deployments/states.hpp"
#include "deployments/units.hpp"

namespace larder::net::pinning {
namespace {

using namespace std::chrono_literals;

/// What machines fetch makes a closure grow, package by package; it takes a second or two to find out by how much.
constexpr auto after_success = 5min;
/// An upstream that did not have something, or did not answer.
constexpr auto after_trouble = 10min;
constexpr unsigned most_doublings = 5;

digest reports_of(engine& e, const std::string& name) {
    hasher all;
    if (const auto units = reported_units(e, name))
        for (const auto& one : *units) all.update(one.report.as_bytes());
    return all.finish();
}

}  // namespace

keeper::keeper(engine& e)
    : e_{e},
      rounds_{[this](const std::stop_token& stop) { return round(stop); },
              [this] {
                  const std::lock_guard lock{mutex_};
                  for (auto& [name, one] : known_) one.stale = true;
              }} {}

keeper::clock::time_point keeper::round(const std::stop_token& stop) {
    // Where that changes, the next pin, or what is fetched next, begins with it.
    if (!e_.routes()->options.store.fetch_held) return clock::time_point::max();
    const auto all = registry_of(e_).list();
    if (!all) {
        e_.log().write(log_level::warn, "deployments cannot be looked after: " + all.error().message());
        return clock::now() + after_trouble;
    }
    auto next = clock::time_point::max();
    states now;
    for (const auto& d : *all) {
        if (d.removed || stop.stop_requested()) continue;
        seen one;
        {
            const std::lock_guard lock{mutex_};
            if (const auto known = known_.find(d.name); known != known_.end()) one = known->second;
        }
        // What is fetched through one that holds what is used is held by that; what units report is looked up.
        if (d.hold == deployments::hold_mode::used) one.stale = false;
        const auto reports = reports_of(e_, d.name);
        const bool changed = one.version != d.version || one.reports != reports;
        const bool unfinished = one.stale || one.missing != 0 || one.failures != 0;
        if (changed || (unfinished && clock::now() >= one.again)) {
            one = look_after(d.name, one, stop);
            one.version = d.version;
            one.reports = reports;
        }
        if (one.stale || one.missing != 0 || one.failures != 0) next = std::min(next, one.again);
        now.emplace(d.name, one);
    }
    const std::lock_guard lock{mutex_};
    known_ = std::move(now);
    return next;
}

keeper::seen keeper::look_after(const std::string& name, const seen& before, const std::stop_token& stop) {
    const auto report = fetch_held(
        e_, name, [](const progress&) {}, stop);
    seen now;
    now.missing = report ? report->at_risk + report->lost : before.missing;
    const bool fine = report && now.missing == 0;
    now.failures = fine ? 0 : std::min(before.failures + 1, most_doublings);
    now.again = clock::now() + (fine ? after_success : after_trouble * (1 << (now.failures - 1)));
    if (stop.stop_requested()) return now;
    if (!report)
        e_.log().write(log_level::warn, "what a deployment holds was not brought: " + report.error().message(),
                       {{"deployment", name}});
    else if (report->fetched != 0 || !fine)
        e_.log().write(fine ? log_level::info : log_level::warn, "brought what a deployment holds",
                       {{"deployment", name},
                        {"fetched", std::to_string(report->fetched)},
                        {"at_risk", std::to_string(report->at_risk)},
                        {"lost", std::to_string(report->lost)}});
    return now;
}

std::vector<gauge_sample> keeper::gauges() const {
    std::vector<gauge_sample> all;
    const std::lock_guard lock{mutex_};
    for (const auto& [name, one] : known_)
        if (one.version != 0)
            all.push_back({"larder_deployment_missing",
                           "Files that a deployment holds and that are not here.",
                           {{"deployment", name}},
                           static_cast<double>(one.missing)});
    return all;
}

}  // namespace larder::net::pinning
