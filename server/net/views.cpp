#include "views.hpp"
#include "deployments/states.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

/// Open at once; each is a few pointers, its states are shared with the others.
constexpr std::size_t most_views = 512;

/// A client has fetched what its InRelease names by then. Generations that are made one after the other, each for a
/// package, may come quicker than that.
constexpr auto longest_update = std::chrono::minutes{10};
constexpr std::size_t most_former = 7;

/// The other states of a pin's suite that were shown lately, each once.
std::vector<digest> former_states(const std::vector<deployments::generation>& before, const deployments::pin& now) {
    std::vector<digest> all;
    for (const auto& one : before) {
        const auto* was = one.find(now.archive, now.suite);
        if (was == nullptr || was->state() == now.state()) continue;
        if (std::find(all.begin(), all.end(), was->state()) == all.end()) all.push_back(was->state());
    }
    return all;
}

std::string key_of(const std::string& name, std::uint64_t number, const std::string& archive) {
    return "d/" + name + "/" + std::to_string(number) + "/" + archive;
}

/// A generation shows the same for ever; what is in force also answers for those shortly before it.
std::string key_of(const std::string& name, std::uint64_t number, bool in_force, const std::string& archive) {
    return key_of(name, number, archive) + (in_force ? "/now" : "");
}

error no_archive(const std::string& name, const std::string& archive) {
    return {errc::absent, "deployment '" + name + "' has nothing of archive '" + archive + "'"};
}

}  // namespace

pinned_view_ptr views::find(const std::string& key) {
    const std::lock_guard lock{mutex_};
    const auto known = open_.find(key);
    if (known == open_.end()) return nullptr;
    auto& one = known->second;
    if (one.generation != 0 && one.generation != parts_.generation.load(std::memory_order_acquire)) {
        open_.erase(known);
        return nullptr;
    }
    one.used = ++clock_;
    return one.view;
}

void views::keep(const std::string& key, pinned_view_ptr view, std::uint64_t generation) {
    const std::lock_guard lock{mutex_};
    if (open_.size() >= most_views) {
        const auto half = clock_ - std::min<std::uint64_t>(clock_, most_views / 2);
        std::erase_if(open_, [half](const auto& one) { return one.second.used < half; });
        if (open_.size() >= most_views) open_.clear();
        std::erase_if(states_, [](const auto& one) { return one.second.expired(); });
    }
    open_.insert_or_assign(key, entry{std::move(view), ++clock_, generation});
}

awaitable<result<pinned_view_ptr>> views::open(std::string key, std::uint64_t generation,
                                               std::function<result<pinned_view_ptr>()> how) {
    if (auto known = find(key)) co_return known;
    auto opening = offload(parts_.pool, std::move(how));
    const auto opened = co_await outcome<result<pinned_view_ptr>>::get(opening, no_deadline());
    if (!*opened) co_return opened->error();
    keep(key, **opened, generation);
    co_return **opened;
}

awaitable<result<pinned_view_ptr>> views::snapshot(std::string archive, std::string when) {
    const auto key = "s/" + archive + "/" + when;
    const auto generation = parts_.generation.load(std::memory_order_acquire);
    std::function<result<pinned_view_ptr>()> how = [this, archive, when] { return open_snapshot(archive, when); };
    auto opened = co_await open(key, generation, std::move(how));
    co_return opened;
}

awaitable<result<pinned_view_ptr>> views::deployment(std::string name, std::optional<std::uint64_t> number,
                                                     std::string archive) {
    const auto known = registry_.find(name);
    if (!known) co_return known.error();
    if (known->removed)
        co_return error{errc::absent,
                        "deployment '" + name + "' was removed; larder deployment restore brings it back"};
    const bool in_force = !number;
    const auto wanted = number.value_or(known->head);
    const auto key = key_of(name, wanted, in_force, archive);
    std::function<result<pinned_view_ptr>()> how = [this, name, wanted, in_force, archive] {
        return open_deployment(name, wanted, in_force, archive);
    };
    auto opened = co_await open(key, 0, std::move(how));
    co_return opened;
}

pinned_view_ptr views::ready(const std::string& name, std::optional<std::uint64_t> number, const std::string& archive) {
    const auto known = registry_.find(name);
    if (!known || known->removed) return nullptr;
    return find(key_of(name, number.value_or(known->head), !number, archive));
}

std::optional<pinning::first_use> views::first_use_of(const std::string& name, const core::archive_options& of,
                                                      std::string_view path, const pinned_view_ptr& now) {
    auto suite = pinning::suite_of_release_file(of, path);
    if (!suite) return {};
    if (now)
        for (const auto& one : now->suites())
            if (one->name() == *suite) return {};
    const auto known = registry_.find(name);
    if (!known || known->removed) return {};
    const auto& archives = known->on_first_use;
    if (std::find(archives.begin(), archives.end(), of.name) == archives.end()) return {};
    return pinning::first_use{name, of.name, std::move(*suite)};
}

result<suite_state_ptr> views::state(const digest& id) {
    {
        const std::lock_guard lock{mutex_};
        if (auto known = states_[id].lock()) return known;
    }
    LARDER_TRY(auto made, load_state(parts_.store.objects(), id));
    const std::lock_guard lock{mutex_};
    states_[id] = made;
    return made;
}

result<pinned_view_ptr> views::open_snapshot(const std::string& archive, const std::string& when) {
    LARDER_TRY(const auto history, pinning::kept_states(parts_.store.refs(), archive, ""));
    const auto moment = parse_timestamp(when);
    std::map<std::string, digest> chosen;  // by suite
    if (moment) {
        for (const auto& one : history)
            if (one.date <= *moment) chosen.insert_or_assign(one.suite, one.id);
    } else if (pinning::begins_id(when)) {
        for (const auto& one : history) {
            if (!one.id.hex().starts_with(when)) continue;
            if (!chosen.empty() && chosen.begin()->second != one.id)
                return error{errc::refused,
                             "'" + when + "' is the beginning of several snapshots' ids: give more of it"};
            chosen.insert_or_assign(one.suite, one.id);
        }
    } else {
        return error{errc::absent,
                     "'" + printable(when, 70) + "' is neither a moment, like 20261121T063000Z, nor a snapshot's id"};
    }
    if (chosen.empty())
        return error{errc::absent, moment ? "no state of archive '" + archive + "' from " + when + " or before is here"
                                          : "archive '" + archive + "' has no snapshot " + when + " here"};
    std::vector<pinned_view::pinned_suite> suites;
    std::vector<sys_seconds> moments;
    for (const auto& [name, id] : chosen) {
        LARDER_TRY(auto one, state(id));
        moments.push_back(one->release().date);
        suites.push_back({name, {std::move(one)}});
    }
    return std::make_shared<const pinned_view>("the snapshot " + when, suites, std::move(moments));
}

/// The generations before one, the latest first, as far as a client may be in the middle of an update that began with
/// it. Only what such a client asks for is shown of them: those that are lost are done without.
result<std::vector<deployments::generation>> views::shown_lately(const deployments::generation& now) {
    std::vector<deployments::generation> all;
    for (auto number = now.number - 1; number > 0 && all.size() < most_former; --number) {
        auto one = registry_.load(now.deployment, number);
        if (!one && !maintenance::is_about_bytes(one.error())) return one.error();
        if (!one) break;
        all.push_back(std::move(*one));
        // The one before it was shown up to then.
        if (all.back().made + longest_update < now.made) break;
    }
    return all;
}

result<pinned_view_ptr> views::open_deployment(const std::string& name, std::uint64_t number, bool in_force,
                                               const std::string& archive) {
    LARDER_TRY(const auto g, registry_.load(name, number));
    std::vector<deployments::generation> before;
    if (in_force) {
        LARDER_TRY(before, shown_lately(g));
    }
    std::vector<pinned_view::pinned_suite> suites;
    std::vector<sys_seconds> moments;
    for (const auto& pin : g.pins) {
        if (pin.archive != archive) continue;
        pinned_view::pinned_suite one{pin.suite, {}};
        // A generation's own URL has upstream's own bytes, where nothing was picked.
        const auto& shown = in_force ? pin.state() : pin.listed();
        LARDER_TRY(auto now, state(shown));
        // What is shown in a state's place has a Date of its own; without the state it is shown all the same.
        const auto of_it = pinning::moments_of(parts_.store.objects(), pin);
        moments.insert(moments.end(), of_it.begin(), of_it.end());
        one.states.push_back(std::move(now));
        for (const auto& id : former_states(before, pin))
            if (auto former = state(id)) one.states.push_back(std::move(*former));
        suites.push_back(std::move(one));
    }
    if (suites.empty()) return no_archive(name, archive);
    return std::make_shared<const pinned_view>(
        "deployment '" + name + "'" + (in_force ? std::string{} : ", generation " + std::to_string(number)), suites,
        std::move(moments), g.architectures);
}

}  // namespace larder::net
