#include "keys/key_keeper.hpp"
#include "keys/new_key.hpp"
#include "keys/publish_keys.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"

namespace larder::net::publishing {
namespace {

constexpr std::chrono::minutes between_rounds{1};
constexpr std::chrono::hours between_warnings{24};

/// Those whose time is over are gone from now on; their fingerprints.
result<std::vector<std::string>> let_go(engine& e, const std::string& name) {
    std::vector<std::string> gone;
    const std::lock_guard alone{e.keys().turn(name)};
    LARDER_TRY(auto of, registry_of(e).find_archive(name));
    const auto now = e.clock().now();
    for (auto& one : of.keys) {
        if (one.state != pockets::key_state::leaving || !one.until || *one.until > now) continue;
        one.state = pockets::key_state::gone;
        gone.push_back(one.fingerprint);
    }
    if (gone.empty()) return gone;
    const publisher who{"larder", "its time beside a newer one is over"};
    LARDER_CHECK(change_and_tell(e, "key-leave", name + " " + gone.front(), who,
                                 [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); }));
    LARDER_CHECK(e.local_archives_changed());
    for (std::size_t i = 1; i < gone.size(); ++i) LARDER_CHECK(tell_journal(e, "key-leave", name + " " + gone[i], who));
    return gone;
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
    const auto notes = publish_keys(e_, archive, {"larder", {}});
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
