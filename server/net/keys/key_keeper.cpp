#include "keys/key_keeper.hpp"
#include "keys/keyring_package.hpp"
#include "keys/new_key.hpp"
#include "keys/publish_keys.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"

namespace larder::net::publishing {
namespace {

constexpr std::chrono::minutes between_rounds{1};
constexpr std::chrono::hours between_warnings{24};

bool is_over(const pockets::archive_key& of, sys_seconds now) {
    return of.state == pockets::key_state::leaving && of.until && *of.until <= now;
}

/// Those whose time is over are gone from now on, unless some pocket has no package with the newer key yet: machines
/// that follow it would have none left.
result<void> let_go(engine& e, const std::string& name) {
    const std::lock_guard alone{e.keys().turn(name)};
    LARDER_TRY(auto of, registry_of(e).find_archive(name));
    const auto now = e.clock().now();
    std::string gone;
    for (auto& one : of.keys) {
        if (!is_over(one, now)) continue;
        LARDER_TRY(const bool followed, is_followed(e, of, one));
        if (!followed) continue;
        one.state = pockets::key_state::gone;
        gone += " " + one.fingerprint;
    }
    if (gone.empty()) return {};
    LARDER_CHECK(change_and_tell(e, "key-leave", name + gone, {"larder", "its time beside a newer one is over"},
                                 [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); }));
    return e.local_archives_changed();
}

}  // namespace

key_keeper::key_keeper(engine& e) : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {}

pinning::rounds::clock::time_point key_keeper::round(const std::stop_token& stop) {
    signing::sweep_signing_places();
    const auto all = registry_of(e_).archives();
    if (!all) e_.log().write(log_level::error, "archives cannot be read: " + all.error().message());
    for (const auto& one : all ? *all : std::vector<pockets::local_archive>{}) {
        if (stop.stop_requested()) break;
        look_after(one.name);
        warn(one.name);
    }
    return pinning::rounds::clock::now() + between_rounds;
}

void key_keeper::look_after(const std::string& archive) {
    const auto told = [&](const error& why) {
        e_.log().write(log_level::error, "the keys of an archive: " + why.message(), {{"archive", archive}});
    };
    if (const auto gone = let_go(e_, archive); !gone) told(gone.error());
    const auto notes = publish_keys(e_, archive, {"larder", {}}, timing::late);
    if (!notes) return told(notes.error());
    for (const auto& one : *notes)
        if (one.publication == 0)
            e_.log().write(one.failed ? log_level::error : log_level::debug, one.note, {{"pocket", one.pocket}});
        else
            e_.log().write(log_level::info, "a pocket was published again for its keys", {{"pocket", one.pocket}});
}

void key_keeper::warn(const std::string& archive) {
    const auto of = registry_of(e_).find_archive(archive);
    if (!of) return;
    const auto now = e_.clock().now();
    for (const auto& one : of->keys) {
        const auto warning = warning_of(one, now);
        if (warning.empty()) continue;
        const auto [last, first] = warned_.try_emplace(one.fingerprint, now);
        if (!first && now - last->second < between_warnings && now >= last->second) continue;
        last->second = now;
        e_.log().write(log_level::warn, "a key of an archive: " + warning,
                       {{"archive", archive}, {"key", one.fingerprint}});
    }
}

void add_key_gauges(store::ref_store& refs, sys_seconds now, std::vector<gauge_sample>& to) {
    const auto all = pockets::registry{refs}.archives();
    for (const auto& of : all ? *all : std::vector<pockets::local_archive>{})
        for (const auto& one : of.keys)
            if (one.expires && (one.signs() || one.state == pockets::key_state::coming))
                to.push_back(
                    {"larder_key_expires_seconds",
                     "Seconds until a key of an archive ends; below 0 once it has.",
                     {{"archive", of.name}, {"key", one.fingerprint}, {"state", std::string{to_string(one.state)}}},
                     static_cast<double>((*one.expires - now).count())});
}

}  // namespace larder::net::publishing
