#include "deployments/operations.hpp"
#include "deployments/differences.hpp"
#include "deployments/first_use.hpp"
#include "deployments/follow.hpp"
#include "deployments/shown.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

using namespace pinning;
using deployments::deployment;
using deployments::generation;
using deployments::step;

result<std::vector<suite_choice>> parse_choices(const std::vector<std::string>& texts) {
    std::vector<suite_choice> all;
    for (const auto& text : texts) {
        LARDER_TRY(auto one, parse_choice(text));
        all.push_back(std::move(one));
    }
    return all;
}

generation made_now(engine& e, const std::string& name, step how, const signed_for& who) {
    generation g;
    g.deployment = name;
    g.made = e.clock().now();
    g.how = how;
    g.by = who.by;
    g.reason = who.reason;
    return g;
}

/// Says in the journal what was done.
result<void> tell_journal(engine& e, std::string_view what, const generation& g) {
    deployments::journal_entry entry;
    entry.when = g.made;
    entry.what = "deployment-" + std::string{what};
    entry.subject = g.deployment + "@" + std::to_string(g.number);
    entry.by = g.by;
    entry.reason = g.reason;
    return record(e, std::move(entry));
}

/// A generation in force, or a state of it, can be gone for good: what goes back from there is not compared with it.
template <class T>
bool is_lost(const result<T>& read) {
    return !read && maintenance::is_about_bytes(read.error());
}

generation unknown_generation(const deployment& of) {
    generation g;
    g.deployment = of.name;
    g.number = of.head;
    return g;
}

}  // namespace

generation pinning::next_of(engine& e, const deployment& head, const generation& before, step how,
                            const signed_for& who) {
    auto g = made_now(e, head.name, how, who);
    g.number = head.head + 1;
    g.parent = head.generation;
    g.architectures = before.architectures;
    g.pins = before.pins;
    return g;
}

result<deployment> pinning::find_live(engine& e, const std::string& name) {
    LARDER_TRY(auto found, registry_of(e).find(name));
    if (found.removed) return error{errc::refused, "deployment '" + name + "' was removed; restore it first"};
    LARDER_CHECK(registry_of(e).may_change(name));
    return found;
}

result<void> pinning::settle(engine& e, generation_report& report, const generation& before, cut what, bool dry_run,
                             const progress_sink& tell, const std::stop_token& stop) {
    auto differences = before.pins.empty() ? result<std::vector<suite_difference>>{error{errc::absent, "it is unknown"}}
                                           : compare_generations(e, before, report.generation, tell, stop);
    const bool lost = is_lost(differences) && report.generation.how == step::rollback;
    if (!differences && !lost) return differences.error();
    if (differences) report.differences = std::move(*differences);
    if (dry_run || (report.differences.empty() && !lost && shows_all(e, before))) return {};
    LARDER_CHECK(make_followable(e, registry_of(e), before, report.generation, what));
    LARDER_TRY(report.deployment,
               pin_together(e, what, [&] { return registry_of(e).append(report.deployment, report.generation); }));
    report.made = true;
    return tell_journal(e, to_string(report.generation.how), report.generation);
}

result<cut> pinning::cut_of(engine& e, const generation& g) {
    cut all;
    all.pins = g.pins;
    for (const auto& pin : g.pins) {
        for (const auto& id : {pin.snapshot, pin.listed()}) {
            LARDER_TRY(const auto state, load_state(e.store().objects(), id));
            all.objects.push_back(id);
            for (const auto& file : maintenance::files_of(state->manifest())) all.objects.push_back(file.content);
        }
    }
    return all;
}

result<generation_report> pinning::new_deployment(engine& e, const std::string& name, const signed_for& who) {
    LARDER_CHECK(deployments::check_name(name));
    if (const auto there = registry_of(e).find(name))
        return error{errc::refused, "there is a deployment '" + name + "' already"};
    generation_report report;
    report.deployment.name = name;
    report.generation = made_now(e, name, step::create, who);
    return report;
}

result<void> pinning::make_first(engine& e, generation_report& report, const cut& all, std::string_view what,
                                 const std::vector<store::held_object>& holds) {
    const auto& name = report.deployment.name;
    const auto write = [&]() -> result<deployment> {
        if (const auto there = registry_of(e).find(name))
            return error{errc::conflict, "there is a deployment '" + name + "' already"};
        // Left by one of that name that came to nothing. Nobody makes another meanwhile: refs_mutex is held.
        LARDER_CHECK(e.store().holds().drop(name));
        LARDER_CHECK(e.store().holds().add(name, holds));
        return registry_of(e).create(report.deployment, report.generation);
    };
    e.held().forget(name);
    LARDER_TRY(report.deployment, pin_together(e, all, write));
    report.made = true;
    return tell_journal(e, what, report.generation);
}

result<generation_report> create_deployment(engine& e, const create_options& options, const progress_sink& tell,
                                            std::stop_token stop) {
    LARDER_TRY(auto report, new_deployment(e, options.name, options.who));
    LARDER_TRY(const auto suites, parse_choices(options.suites));
    if (suites.empty() && !options.on_first_use)
        return error{errc::bad_config, "a deployment needs a suite: --suite debian/bookworm"};
    if (options.on_first_use) {
        LARDER_TRY(report.deployment.on_first_use, archives_on_first_use(e, options.archives));
    }
    auto& architectures = report.generation.architectures;
    architectures = options.architectures;
    if (architectures.empty()) {
        auto of = suites;
        for (const auto& archive : report.deployment.on_first_use) of.push_back({archive, {}, {}});
        LARDER_TRY(architectures, configured_architectures(e, of));
    }
    std::sort(architectures.begin(), architectures.end());
    architectures.erase(std::unique(architectures.begin(), architectures.end()), architectures.end());
    LARDER_TRY(const auto all, make_cut(e, suites, architectures, tell, stop));
    report.generation.pins = all.pins;
    report.deployment.hold = options.hold;
    LARDER_CHECK(make_first(e, report, all, "create"));
    return report;
}

result<std::vector<suite_choice>> pinning::chosen_suites(const upgrade_options& options, const generation& before) {
    LARDER_TRY(auto suites, parse_choices(options.suites));
    if (!suites.empty() && !options.to.empty())
        return error{errc::bad_config,
                     "a moment for all suites (--to) or one for some (--suite ARCHIVE/SUITE@WHEN), not both"};
    if (suites.empty() && before.pins.empty())
        return error{errc::refused, "deployment '" + options.name +
                                        "' has no suite yet: each is pinned when a client first asks for it"};
    if (suites.empty())
        for (const auto& pin : before.pins) suites.push_back({pin.archive, pin.suite, options.to});
    return suites;
}

result<generation_report> upgrade_deployment(engine& e, const upgrade_options& options, const progress_sink& tell,
                                             std::stop_token stop) {
    if (options.only_packages()) return upgrade_packages(e, options, tell, stop);
    generation_report report;
    LARDER_TRY(report.deployment, find_live(e, options.name));
    LARDER_TRY(const auto before, registry_of(e).load(options.name, report.deployment.head));
    LARDER_TRY(const auto suites, chosen_suites(options, before));
    report.generation = next_of(e, report.deployment, before, step::upgrade, options.who);
    LARDER_TRY(auto fresh, make_cut(e, suites, before.architectures, tell, stop));
    for (const auto& pin : fresh.pins) {
        const auto same = [&](const auto& one) { return one.archive == pin.archive && one.suite == pin.suite; };
        auto& pins = report.generation.pins;
        const auto there = std::find_if(pins.begin(), pins.end(), same);
        if (there == pins.end())
            return error{errc::refused, pin.archive + "/" + pin.suite + " is no suite of deployment '" + options.name +
                                            "'; larder deployment show lists them"};
        *there = pin;
    }
    LARDER_CHECK(settle(e, report, before, std::move(fresh), options.dry_run, tell, stop));
    return report;
}

result<generation_report> rollback_deployment(engine& e, const rollback_options& options, const progress_sink& tell,
                                              std::stop_token stop) {
    generation_report report;
    LARDER_TRY(report.deployment, find_live(e, options.name));
    const auto head = report.deployment.head;
    auto before = registry_of(e).load(options.name, head);
    if (is_lost(before) && options.to != 0) before = unknown_generation(report.deployment);
    if (!before) return before.error();
    if (options.to == 0 && head == 1)
        return error{errc::refused, "deployment '" + options.name + "' has no generation before the first"};
    const auto to = options.to != 0 ? options.to : head - 1;
    if (to >= head)
        return error{errc::refused, "generation " + std::to_string(to) + " is not before " + std::to_string(head) +
                                        ", which is in force"};
    LARDER_TRY(const auto target, registry_of(e).load(options.name, to));
    report.generation = next_of(e, report.deployment, *before, step::rollback, options.who);
    report.generation.origin = to;
    report.generation.pins = target.pins;
    report.generation.architectures = target.architectures;
    LARDER_TRY(auto what, cut_of(e, target));
    LARDER_CHECK(settle(e, report, *before, std::move(what), options.dry_run, tell, stop));
    return report;
}

result<deployment_list> list_deployments(engine& e) {
    deployment_list list;
    const auto registry = registry_of(e);
    LARDER_TRY(const auto refs, e.store().refs().list(deployments::deployment_prefix));
    for (const auto& [ref_name, ref] : refs) {
        deployment_row row;
        row.deployment.name = ref_name.substr(deployments::deployment_prefix.size());
        auto found = registry.find(row.deployment.name);
        if (!found) {
            // Removed meanwhile, for good.
            if (found.error().code() == errc::absent) continue;
            row.trouble = found.error().detail();
        } else {
            row.deployment = std::move(*found);
            row.follows = follows_whom(e, row.deployment.name);
            auto head = registry.load(row.deployment.name, row.deployment.head);
            if (head)
                row.head = std::move(*head);
            else
                row.trouble = head.error().detail();
        }
        list.deployments.push_back(std::move(row));
    }
    return list;
}

result<deployment> change_deployment(engine& e, const change_options& options) {
    LARDER_TRY(auto d, registry_of(e).find(options.name));
    // Those come from the peer, too; whether it is served here does not.
    if (options.hold || options.token) LARDER_CHECK(registry_of(e).may_change(options.name));
    if (options.hold) d.hold = *options.hold;
    if (options.token) {
        LARDER_TRY(const auto hash, digest::from_hex(*options.token));
        d.token = hash.hex();
    }
    if (options.removed && *options.removed != d.removed.has_value()) {
        if (*options.removed)
            d.forget_after = (d.removed = e.clock().now()).value() + options.grace;
        else
            d.removed = d.forget_after = {};
    }
    LARDER_TRY(auto now, registry_of(e).change(d));
    ++e.parts().generation;
    e.more_is_held();
    e.expected().changed();
    const std::string what = options.removed ? (*options.removed ? "remove" : "restore")
                             : options.hold  ? "hold-" + std::string{to_string(*options.hold)}
                                             : "token";
    LARDER_CHECK(record(e, {0, {}, e.clock().now(), "deployment-" + what, d.name, options.who.by, options.who.reason}));
    return now;
}

result<void> record(engine& e, deployments::journal_entry entry) {
    deployments::journal all{e.store().objects(), e.store().refs()};
    LARDER_TRY(entry.fetches, e.store().fetches().head());
    LARDER_TRY(const auto written, all.append(std::move(entry)));
    // It is new, and so young that gc leaves it alone until it sees the ref.
    e.held().keep(sha256(written.write()));
    e.log().write(log_level::info, written.what,
                  {{"subject", written.subject}, {"by", written.by}, {"reason", written.reason}});
    return {};
}

result<deployment_history> history_of(engine& e, const std::string& name) {
    deployment_history h;
    const auto registry = registry_of(e);
    LARDER_TRY(h.deployment, registry.find(name));
    for (std::uint64_t number = 1; number <= h.deployment.head; ++number) {
        const auto id = registry.id_of(name, number);
        // One that was given up has no ref any more.
        if (!id && id.error().code() == errc::absent && number != h.deployment.head) continue;
        auto one = registry.load(name, number);
        if (one)
            h.generations.push_back(std::move(*one));
        else
            h.lost.push_back({number, one.error().detail()});
    }
    return h;
}

}  // namespace larder::net
