#include "deployments/holding.hpp"
#include "archive_paths.hpp"
#include "deployments/follow.hpp"
#include "held.hpp"
#include "maintenance/downloads.hpp"
#include "rescue.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <map>
#include <set>

// What a deployment holds, and bringing it here.

namespace larder::net {
namespace {

using namespace pinning;
using store::held_object;

/// Of those that were asked: a place that was not may have it.
std::string note_of(engine& e, const digest& content, const std::string& archive) {
    const auto asked = e.routes()->elsewhere->fingerprint(archive);
    return "unobtainable/" + content.hex() + (asked.empty() ? "" : "/" + asked);
}

result<void> judge(engine& e, const held_files& all, hold_report& report) {
    for (const auto& [content, one] : all) {
        LARDER_TRY(const auto here, e.store().objects().find(content));
        if (here) {
            ++report.held;
            report.held_bytes += here->size;
            continue;
        }
        auto row = row_of_missing(one);
        LARDER_TRY(const auto note, e.store().known().get_note(note_of(e, content, one.archive)));
        if (note) {
            row.state = hold_state::lost;
            row.why = *note;
        } else if (!e.find_archive(one.archive)) {
            row.state = hold_state::lost;
            row.why = "archive '" + one.archive + "' is not configured any more";
        }
        (row.state == hold_state::lost ? report.lost : report.at_risk) += 1;
        report.rows.push_back(std::move(row));
    }
    std::sort(report.rows.begin(), report.rows.end(),
              [](const auto& a, const auto& b) { return std::tie(a.archive, a.path) < std::tie(b.archive, b.path); });
    return {};
}

using failures_of = std::unordered_map<digest, error, digest_hash>;

/// When an archive was in the states that a deployment pins, in any of its generations.
using archive_moments = std::map<std::string, std::vector<sys_seconds>>;
archive_moments all_moments(engine& e, const std::string& name) {
    archive_moments all;
    std::set<digest> seen;
    const auto registry = registry_of(e);
    const auto found = registry.find(name);
    for (auto number = found ? found->head : 0; number > 0; --number) {
        // One that cannot be read is done without: it only says where to look.
        const auto g = registry.load(name, number);
        if (!g) continue;
        for (const auto& pin : g->pins) {
            auto& of = all[pin.archive];
            if (of.size() >= most_moments || !seen.insert(pin.listed()).second) continue;
            for (const auto when : moments_of(e.store().objects(), pin))
                if (std::find(of.begin(), of.end(), when) == of.end()) of.push_back(when);
        }
    }
    return all;
}

/// Fetches what is not here, each from where it is known; what that does not have from any other archive that knows
/// it, and then from wherever else it may be.
result<failures_of> bring_all(engine& e, const std::string& name, const std::vector<held_object>& holds,
                              std::uint64_t& fetched, const progress_sink& tell, const std::stop_token& stop) {
    std::vector<fetch_order> orders, rescued;
    const auto routes = e.routes();
    for (const auto& one : holds) {
        const auto from = e.find_archive(one.archive);
        LARDER_TRY(const auto here, e.store().objects().find(one.content));
        // Of an archive that is not configured any more a peer may still have it.
        if (auto order = routes->elsewhere->by_hash(one.content); order && !here && !from) {
            order->size = one.size;
            rescued.push_back(std::move(*order));
        }
        if (!here && from) orders.push_back(fetch_order{one.content, one.size, {one.path}, from->mirrors_ptr()});
    }
    failures_of failures;
    const auto ended = [&](std::size_t i, const result<void>& how) {
        if (how) {
            ++fetched;
            failures.erase(orders[i].content);
        } else {
            failures.insert_or_assign(orders[i].content, how.error());
        }
    };
    LARDER_CHECK(maintenance::download(e, orders, "fetching what is held", ended, tell, stop));
    const auto moments = failures.empty() ? archive_moments{} : all_moments(e, name);
    std::vector<fetch_order> others;
    for (const auto& order : orders) {
        if (!failures.contains(order.content)) continue;
        const auto& archive = order.from->archive;
        if (routes->elsewhere->has_places(archive)) {
            rescued.push_back(routes->elsewhere->beside_mirrors(order));
            if (const auto known = moments.find(archive); known != moments.end())
                rescued.back().moments = known->second;
        }
        for (const auto& a : routes->archives)
            if (auto other = a->order_for(order.content); other && other->from != order.from)
                others.push_back(std::move(*other));
    }
    orders = std::move(others);
    LARDER_CHECK(maintenance::download(e, orders, "looking elsewhere for what is held", ended, tell, stop));
    const auto by_archive = failures;
    std::erase_if(rescued, [&](const fetch_order& order) {
        return !order.from->archive.empty() && !failures.contains(order.content);
    });
    orders = std::move(rescued);
    LARDER_CHECK(maintenance::download(e, orders, "rescuing what is held", ended, tell, stop));
    // Who does not have it says nothing of an archive that did not answer.
    for (auto& [content, why] : failures) {
        const auto before = by_archive.find(content);
        if (before != by_archive.end() && why.code() == errc::absent) why = before->second;
    }
    return failures;
}

result<hold_report> begin(engine& e, const std::string& name, deployments::generation& g) {
    hold_report report;
    LARDER_TRY(report.deployment, registry_of(e).find(name));
    LARDER_TRY(g, registry_of(e).load(name, report.deployment.head));
    report.follows = follows_whom(e, name);
    return report;
}

}  // namespace

hold_row pinning::row_of_missing(const held_object& one) {
    hold_row row{one.archive, one.path, {}, {}, {}, one.content, one.size, hold_state::at_risk, {}};
    // "pool/main/h/hello/hello_2.10-3_amd64.deb" -> hello 2.10-3 amd64, as far as the name says.
    const auto name = file_name(row.path);
    const auto parts = split(name.substr(0, name.rfind('.')), '_');
    row.package = parts[0];
    if (parts.size() > 1) row.version = parts[1];
    if (parts.size() > 2) row.architecture = parts[2];
    return row;
}

std::string_view to_string(hold_state state) noexcept {
    switch (state) {
        case hold_state::at_risk: return "at risk";
        case hold_state::lost: return "lost";
    }
    return "";
}

result<hold_report> hold_status(engine& e, const std::string& name, const progress_sink& tell, std::stop_token stop) {
    deployments::generation g;
    LARDER_TRY(auto report, begin(e, name, g));
    LARDER_TRY(const auto all, hold_by_mode(e, report.deployment, g, report.unresolved, {tell, stop}));
    LARDER_CHECK(judge(e, all, report));
    return report;
}

result<hold_report> fetch_held(engine& e, const std::string& name, const progress_sink& tell, std::stop_token stop) {
    deployments::generation g;
    LARDER_TRY(auto report, begin(e, name, g));
    LARDER_TRY(const auto all, hold_by_mode(e, report.deployment, g, report.unresolved, {tell, stop}));
    std::vector<held_object> holds;
    for (const auto& [content, one] : all) holds.push_back(one);
    LARDER_TRY(const auto failures, bring_all(e, name, holds, report.fetched, tell, stop));
    for (const auto& [content, why] : failures) {
        LARDER_TRY(const auto here, e.store().objects().find(content));
        // An upstream that is down may be back; one that says there is no such file will not have it again.
        if (!here && why.code() == errc::absent)
            LARDER_CHECK(
                e.store().known().put_note(note_of(e, content, all.at(content).archive), printable(why.detail(), 500)));
    }
    LARDER_CHECK(judge(e, all, report));
    return report;
}

}  // namespace larder::net
