#include "deployments/follower.hpp"
#include "deployments/follow.hpp"
#include "rescue.hpp"
#include <algorithm>

namespace larder::net::pinning {
namespace {

using namespace std::chrono_literals;

constexpr auto after_trouble_of_our_own = 1min;
constexpr unsigned most_doublings = 3;

std::vector<std::string> names_in(const std::vector<std::pair<std::string, store::ref>>& refs) {
    std::vector<std::string> all;
    for (const auto& [name, ref] : refs) all.push_back(name.substr(deployments::following_prefix.size()));
    return all;
}

}  // namespace

follower::follower(engine& e) : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {}

follower::clock::time_point follower::round(const std::stop_token& stop) {
    const auto refs = e_.store().refs().list(deployments::following_prefix);
    if (!refs) {
        e_.log().write(log_level::warn, "who follows whom cannot be read: " + refs.error().message());
        return clock::now() + after_trouble_of_our_own;
    }
    const auto names = names_in(*refs);
    std::erase_if(known_,
                  [&](const auto& one) { return std::find(names.begin(), names.end(), one.first) == names.end(); });
    std::vector<std::shared_ptr<mirror_group>> peers;
    auto next = clock::time_point::max();
    for (const auto& [ref_name, ref] : *refs) {
        const auto name = ref_name.substr(deployments::following_prefix.size());
        const auto peer = deployments::following::read(ref.value);
        const auto d = registry_of(e_).find(name);
        if (!peer || !d || d->removed) continue;
        if (auto group = peer_at(e_, peer->url, peer->token_file)) peers.push_back(std::move(*group));
        const auto [at, fresh] = known_.try_emplace(name);
        auto& one = at->second;
        // What was asked by hand just now, or before a restart, need not be asked at once.
        if (fresh || one.version != ref.version) {
            const auto asked = following_status_of(e_, name).asked.value_or(sys_seconds{});
            const auto every = e_.routes()->options.store.follow_refresh;
            // Who asks by hand notes it last: what was signed just now was taken just now.
            const bool lately = e_.clock().now() - std::max(asked, peer->made) < every;
            one.again = clock::now() + (lately ? every : std::chrono::milliseconds{0});
            if (fresh) one.failures = 0;
            one.version = ref.version;
        }
        if (clock::now() >= one.again && !stop.stop_requested()) call_on(name, one, stop);
        next = std::min(next, one.again);
    }
    e_.routes()->elsewhere->follows(std::move(peers));
    return next;
}

void follower::call_on(const std::string& name, seen& one, const std::stop_token& stop) {
    const auto before = followed_by(e_.store().refs(), name);
    if (!before || !*before) return;
    visit to;
    to.name = name;
    to.url = (*before)->peer.url;
    to.token_file = (*before)->peer.token_file;
    to.who.by = "larder";
    to.known = one.taken.value_or(digest{});
    const progress_sink quiet = [](const progress&) {};
    digest taken;
    const auto report = pay(e_, to, {quiet, stop}, taken);
    if (stop.stop_requested()) return;
    const auto every = e_.routes()->options.store.follow_refresh;
    one.failures = report ? 0 : std::min(one.failures + 1, most_doublings);
    one.again = clock::now() + every * (1 << one.failures) / (report ? 1 : 2);
    note_visit(e_, name, report ? std::optional<error>{} : report.error());
    if (!report) {
        e_.log().write(log_level::warn, "what a deployment follows could not be had: " + report.error().message(),
                       {{"deployment", name}});
        return;
    }
    one.taken = taken;
    if (const auto now = followed_by(e_.store().refs(), name); now && *now) one.version = (*now)->version;
    if (*report && (*report)->taken.generations + (*report)->fetched != 0)
        e_.log().write(log_level::info, "took over what the peer has",
                       {{"deployment", name},
                        {"generation", std::to_string((*report)->taken.deployment.head)},
                        {"fetched", std::to_string((*report)->fetched)},
                        {"url", (*report)->url}});
}

std::vector<gauge_sample> follower::gauges() const {
    std::vector<gauge_sample> all;
    const auto refs = e_.store().refs().list(deployments::following_prefix);
    if (!refs) return all;
    for (const auto& name : names_in(*refs))
        if (const auto status = following_status_of(e_, name); status.asked)
            all.push_back({"larder_follow_age_seconds",
                           "Seconds since the peer that a deployment follows was last asked with success.",
                           {{"deployment", name}},
                           static_cast<double>(std::max<std::int64_t>(0, (e_.clock().now() - *status.asked).count()))});
    return all;
}

}  // namespace larder::net::pinning
