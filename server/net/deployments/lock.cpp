#include "deployments/cut.hpp"
#include "deployments/holding.hpp"
#include "deployments/operations.hpp"
#include "deployments/overlay.hpp"
#include "deployments/sbom.hpp"
#include "held.hpp"
#include "maintenance/downloads.hpp"
#include <algorithm>
#include <array>
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>
#include <larder/net/lockfiles.hpp>
#include <map>
#include <set>
#include <tuple>

namespace larder::net {
namespace {

using namespace pinning;
using deployments::locked_package;
using deployments::locked_pick;
using deployments::locked_suite;
using deployments::lockfile;

constexpr std::array<std::pair<lock_format, std::string_view>, 5> format_names{
    {{lock_format::lock, "lock"},
     {lock_format::sha256sums, "sha256sums"},
     {lock_format::preferences, "preferences"},
     {lock_format::spdx, "spdx"},
     {lock_format::cyclonedx, "cyclonedx"}}};

/// The file that is signed, or that the signature is of.
digest release_of(const state_manifest& manifest) {
    if (manifest.in_release) return manifest.in_release->content;
    return manifest.release ? manifest.release->content : manifest.text.content;
}

result<locked_suite> locked(engine& e, const deployments::pin& pin) {
    LARDER_TRY(const auto state, load_state(e.store().objects(), pin.snapshot));
    const auto& manifest = state->manifest();
    locked_suite made{pin.archive,          pin.suite,       state->release().date, pin.snapshot,
                      release_of(manifest), manifest.signers};
    for (const auto& one : pin.picks) {
        made.picks.push_back({one, {}, {}});
        if (one.version.empty()) continue;
        const auto from = load_state(e.store().objects(), one.from);
        if (!from) return from.error().in("the state that " + one.name + " " + one.version + " was picked from");
        made.picks.back().date = (*from)->release().date;
        made.picks.back().release = release_of((*from)->manifest());
    }
    return made;
}

locked_package locked(const deployments::pin& pin, const index::listed_package& one) {
    return {one.name, one.version, one.architecture, one.content, one.size, one.source, pin.archive, one.path};
}

struct locked_generation {
    lockfile lock;
    digest id{};  ///< the generation's manifest
};

result<locked_generation> lock_of(engine& e, const std::string& name, std::uint64_t number, const course& of) {
    const auto registry = registry_of(e);
    LARDER_TRY(const auto d, registry.find(name));
    LARDER_TRY(const auto g, registry.load(name, number != 0 ? number : d.head));
    locked_generation made;
    LARDER_TRY(made.id, registry.id_of(name, g.number));
    auto& lock = made.lock;
    lock.deployment = d.name;
    lock.generation = g.number;
    lock.made = g.made;
    lock.hold = d.hold;
    lock.architectures = g.architectures;
    for (const auto& pin : g.pins) {
        LARDER_TRY(auto one, locked(e, pin));
        lock.suites.push_back(std::move(one));
    }
    std::vector<std::string> unresolved;
    LARDER_TRY(const auto held, held_by_mode(e, d, g, unresolved, of));
    LARDER_CHECK(each_package(
        e, g,
        [&](const deployments::pin& pin, const index::listed_package& one) {
            if (held.contains(one.content)) lock.packages.push_back(locked(pin, one));
        },
        of));
    lock.in_order();
    return made;
}

std::string text_of(const locked_generation& of, lock_format format) {
    switch (format) {
        case lock_format::lock: return of.lock.write();
        case lock_format::sha256sums: return of.lock.sha256sums();
        case lock_format::preferences: return of.lock.preferences();
        case lock_format::spdx: return spdx(of.lock, of.id) + "\n";
        case lock_format::cyclonedx: return cyclonedx(of.lock, of.id) + "\n";
    }
    return {};
}

/// The kept state that a lockfile means, by its id or by the bytes that upstream signed.
result<std::optional<digest>> kept_as(engine& e, const locked_suite& wanted) {
    LARDER_TRY(const auto kept, kept_states(e.store().refs(), wanted.archive, wanted.suite));
    for (const auto& one : kept)
        if (one.id == wanted.snapshot) return std::optional{one.id};
    for (const auto& one : kept) {
        if (one.date != wanted.date) continue;
        LARDER_TRY(const auto state, load_state(e.store().objects(), one.id));
        if (release_of(state->manifest()) == wanted.release) return std::optional{one.id};
    }
    return std::optional<digest>{};
}

result<suite_choice> choice_of(engine& e, const locked_suite& wanted, const course& of) {
    suite_choice made{wanted.archive, wanted.suite, {}};
    const auto from = e.find_archive(wanted.archive);
    if (!from)
        return error{errc::absent, "no archive is called '" + wanted.archive + "'; larder archive add makes it known"};
    of.tell({"looking for " + made.text(), 0, 0});
    LARDER_TRY(auto id, kept_as(e, wanted));
    std::string trouble;
    if (!id) {
        if (const auto how = maintenance::refresh_now(e, from, wanted.suite, of.stop); !how)
            trouble = "; asking upstream: " + how.error().detail();
        LARDER_TRY(id, kept_as(e, wanted));
    }
    if (!id)
        return error{errc::absent, made.text() + ": its state of " + format_timestamp(wanted.date) + " (" +
                                       wanted.release.hex().substr(0, 12) +
                                       ") is not here, and upstream does not publish it now: larder deployment import "
                                       "brings it from where it is" +
                                       trouble};
    made.when = id->hex();
    return made;
}

/// The package's state, as a suite of the lockfile.
locked_suite source_of(const locked_suite& in, const locked_pick& one) {
    return {in.archive, in.suite, one.date, one.what.from, one.release, {}};
}

/// Puts what was picked into the generation, from the very states that it was picked from.
result<void> pick_again(engine& e, const lockfile& lock, deployments::generation& g, cut& all, const course& of) {
    std::vector<deployments::listing> offered;
    std::vector<deployments::wish> wishes;
    for (std::size_t i = 0; i < g.pins.size(); ++i) {
        const auto& pin = g.pins[i];
        const auto suite_of = std::find_if(lock.suites.begin(), lock.suites.end(), [&](const locked_suite& one) {
            return one.archive == pin.archive && one.suite == pin.suite;
        });
        std::map<std::string, std::vector<deployments::wish>> by_state;
        for (const auto& one : suite_of->picks) {
            if (one.what.version.empty()) continue;
            LARDER_TRY(const auto choice, choice_of(e, source_of(*suite_of, one), of));
            by_state[choice.when].push_back(
                {one.what.name, one.what.version, one.what.architecture, deployments::wish::kind::binary});
        }
        for (auto& [when, wanted] : by_state) {
            const std::vector<suite_choice> one_state{suite_choice{pin.archive, pin.suite, when}};
            LARDER_TRY(const auto from, make_cut(e, one_state, g.architectures, of.tell, of.stop));
            std::set<std::string> names;
            for (const auto& one : wanted) names.insert(one.name);
            LARDER_TRY(const bool here, add_listings(
                                            e, g, i, from.pins.front().snapshot,
                                            [&](const auto& one) { return names.contains(one.name); }, offered, of));
            static_cast<void>(here);
            wishes.insert(wishes.end(), wanted.begin(), wanted.end());
        }
    }
    if (wishes.empty()) return {};
    std::set<std::string> names;
    for (const auto& one : wishes) names.insert(one.name);
    std::vector<deployments::listing> present;
    for (std::size_t i = 0; i < g.pins.size(); ++i) {
        LARDER_TRY(const bool here, add_listings(
                                        e, g, i, g.pins[i].snapshot,
                                        [&](const auto& one) { return names.contains(one.name); }, present, of));
        static_cast<void>(here);
    }
    deployments::generation none;
    none.deployment = g.deployment;
    none.number = 0;
    return compose_overlays(e, none, g, deployments::choose(present, offered, wishes).edits, all, of);
}

/// Every locked package as the suites list it: where it is, with the very bytes.
result<std::vector<locked_package>> find_locked(engine& e, const deployments::generation& g, const lockfile& lock,
                                                const course& of) {
    using key = std::tuple<std::string, std::string, std::string>;
    std::map<key, std::vector<locked_package>> listed;
    for (const auto& one : lock.packages) listed[{one.name, one.architecture, one.version}];
    LARDER_CHECK(each_package(
        e, g,
        [&](const deployments::pin& pin, const index::listed_package& one) {
            const auto found = listed.find({one.name, one.architecture, one.version});
            if (found != listed.end()) found->second.push_back(locked(pin, one));
        },
        of));
    std::vector<locked_package> all;
    std::vector<std::string> wrong;
    for (const auto& one : lock.packages) {
        const auto& found = listed[{one.name, one.architecture, one.version}];
        const auto same = std::find_if(found.begin(), found.end(),
                                       [&](const auto& f) { return f.content == one.content && f.size == one.size; });
        if (same != found.end())
            all.push_back(*same);
        else
            wrong.push_back(one.name + " " + one.version + " " + one.architecture +
                            (found.empty() ? " (no suite lists it)" : " (has other bytes)"));
    }
    if (wrong.empty()) return all;
    std::string text = std::to_string(wrong.size()) + " of its packages are not what its suites list: ";
    constexpr std::size_t most_named = 10;
    for (std::size_t i = 0; i < wrong.size() && i < most_named; ++i) text += (i == 0 ? "" : ", ") + wrong[i];
    return error{errc::digest_mismatch, text + (wrong.size() > most_named ? ", ..." : "")};
}

result<lockfile> read_lock(const std::string& text) {
    auto read = lockfile::read(text);
    if (!read) return read.error().in("the lockfile");
    return read;
}

}  // namespace

std::string_view to_string(lock_format format) noexcept {
    for (const auto& [one, name] : format_names)
        if (one == format) return name;
    return {};
}

std::optional<lock_format> parse_lock_format(std::string_view text) noexcept {
    for (const auto& [one, name] : format_names)
        if (name == text) return one;
    return {};
}

result<lock_report> lock_deployment(engine& e, const lock_options& options, const progress_sink& tell,
                                    std::stop_token stop) {
    LARDER_TRY(auto made, lock_of(e, options.name, options.generation, {tell, stop}));
    lock_report report;
    report.format = options.format;
    report.text = text_of(made, options.format);
    report.lock = std::move(made.lock);
    return report;
}

result<lock_check> check_lock(engine& e, const lock_check_options& options, const progress_sink& tell,
                              std::stop_token stop) {
    LARDER_TRY(const auto lock, read_lock(options.lock));
    const auto& name = options.name.empty() ? lock.deployment : options.name;
    LARDER_TRY(const auto now, lock_of(e, name, options.generation, {tell, stop}));
    return lock_check{name, now.lock.generation, deployments::compare(lock, now.lock)};
}

result<generation_report> create_from_lock(engine& e, const create_from_lock_options& options,
                                           const progress_sink& tell, std::stop_token stop) {
    LARDER_TRY(const auto lock, read_lock(options.lock));
    const course of{tell, stop};
    auto report = new_deployment(e, options.name.empty() ? lock.deployment : options.name, options.who);
    if (!report) return report.error();
    std::vector<suite_choice> suites;
    for (const auto& one : lock.suites) {
        LARDER_TRY(auto choice, choice_of(e, one, of));
        suites.push_back(std::move(choice));
    }
    auto& g = report->generation;
    g.architectures = lock.architectures;
    std::sort(g.architectures.begin(), g.architectures.end());
    g.architectures.erase(std::unique(g.architectures.begin(), g.architectures.end()), g.architectures.end());
    g.how = deployments::step::import;
    LARDER_TRY(auto all, make_cut(e, suites, g.architectures, tell, stop));
    g.pins = all.pins;
    LARDER_CHECK(pick_again(e, lock, g, all, of));
    LARDER_TRY(const auto packages, find_locked(e, g, lock, of));
    report->deployment.hold = lock.hold;
    std::vector<store::held_object> holds;
    for (const auto& one : packages) holds.push_back({one.content, one.size, one.archive, one.path});
    LARDER_CHECK(make_first(e, *report, all, "create-from-lock", holds));
    for (const auto& one : holds) e.held().keep(one.content);
    return report;
}

}  // namespace larder::net
