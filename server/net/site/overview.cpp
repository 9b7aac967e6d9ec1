#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/net/keys.hpp>
#include <site/overview.hpp>
#include <sys/statvfs.h>

namespace larder::net::site {
namespace {

std::vector<signer_view> name_signers(const std::vector<std::string>& fingerprints, const signing::verifier& keys) {
    std::vector<signer_view> all;
    std::vector<const signing::key_info*> seen;
    for (const auto& print : fingerprints) {
        const auto owns = [&](const signing::key_info& k) {
            return k.fingerprint == print || std::find(k.subkeys.begin(), k.subkeys.end(), print) != k.subkeys.end();
        };
        const auto key = std::find_if(keys.keys().begin(), keys.keys().end(), owns);
        if (key == keys.keys().end()) {
            all.push_back({print, ""});
            continue;
        }
        // A signature names its subkey and the primary key: one signer.
        if (std::find(seen.begin(), seen.end(), &*key) != seen.end()) continue;
        seen.push_back(&*key);
        all.push_back({key->fingerprint, key->user_id});
    }
    return all;
}

std::vector<mirror_view> look_at(const mirror_group& group) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<mirror_view> all;
    const std::lock_guard lock{group.mutex};
    for (std::size_t i = 0; i < group.urls.size(); ++i) {
        const auto& state = group.health.state(i);
        mirror_view one;
        one.url = core::to_string(group.urls[i]);
        one.failures = state.failures;
        one.waiting = state.failures > 0 && state.until > now;
        one.last_error = state.last_error;
        one.mismatches = state.mismatches;
        one.latency = state.latency;
        all.push_back(std::move(one));
    }
    return all;
}

archive_view look_at(const archive& a, sys_seconds now) {
    const auto& options = a.options();
    archive_view view;
    view.name = options.name;
    view.components = options.components;
    view.architectures = options.architectures;
    view.keyring = options.keyring;
    view.check_valid_until = options.check_valid_until;
    view.refresh = std::chrono::duration_cast<std::chrono::seconds>(options.refresh);
    view.mirrors = look_at(a.mirrors());
    for (auto& status : a.status()) {
        suite_view suite;
        suite.how = judge_suite(status, options, now);
        if (status.validated)
            suite.age = std::max<std::chrono::seconds>(std::chrono::seconds{0}, now - *status.validated);
        suite.signers = name_signers(status.signers, a.keys());
        view.flat = view.flat || status.name.ends_with('/');
        suite.status = std::move(status);
        view.suites.push_back(std::move(suite));
    }
    return view;
}

void look_at_disk(const std::string& path, overview& view) {
    struct statvfs disk {};
    if (::statvfs(path.c_str(), &disk) != 0) return;
    view.disk_free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    view.disk_size = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
}

/// What cannot be read is told where it is asked for (larder key list).
void add_keys(engine& e, overview& view) {
    const auto all = list_keys(e, {});
    if (!all) return;
    for (const auto& row : all->keys)
        if (row.key.state != pockets::key_state::gone)
            view.keys.push_back({row.archive, row.key.fingerprint, std::string{to_string(row.key.state)},
                                 row.key.expires, row.key.until, row.warning});
}

}  // namespace

health_level archive_view::worst() const {
    auto worst = health_level::fresh;
    for (const auto& s : suites) worst = std::max(worst, s.how.level);
    return worst;
}

std::optional<double> overview::hit_rate() const {
    const auto files = hits + misses + joins;
    if (files == 0) return {};
    return static_cast<double>(hits + joins) / static_cast<double>(files);
}

overview gather(engine& e, const site_state& site) {
    const auto& m = e.counts();
    overview view;
    view.now = e.clock().now();
    view.started = site.started();
    view.version = LARDER_VERSION;
    view.requests = m.requests.get();
    view.hits = m.hits.get();
    view.misses = m.misses.get();
    view.joins = m.joins.get();
    view.not_modified = m.not_modified.get();
    view.not_found = m.not_found.get();
    view.failures = m.failures.get();
    view.refused = m.refused.get();
    view.cut = m.cut.get();
    view.bytes_sent = m.bytes_sent.get();
    view.bytes_upstream = m.upstream_bytes.get();
    view.bytes_saved = m.bytes_from_store.get();
    view.connections = m.connections.get();
    view.damaged = m.damaged_objects.get();
    view.mismatches = m.digest_mismatches.get();
    view.fetches = e.parts().hub.active();
    look_at_disk(e.store().path(), view);
    const auto routes = e.routes();
    view.public_url = routes->options.server.public_url;
    for (const auto& a : routes->archives) view.archives.push_back(look_at(*a, view.now));
    add_keys(e, view);
    return view;
}

}  // namespace larder::net::site
