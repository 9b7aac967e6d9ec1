#include "rescue.hpp"
#include <algorithm>
#include <functional>
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

/// Debian's is taken four times a day, and what a state names stays in the archive for a day and a half at least.
constexpr auto a_while = std::chrono::hours{12};
constexpr std::size_t most_token = 512;

std::shared_ptr<mirror_group> group_at(const std::string& archive, core::url where,
                                       std::shared_ptr<const core::address_policy> addresses) {
    auto group = std::make_shared<mirror_group>(archive, 1);
    group->urls.push_back(std::move(where));
    group->addresses = std::move(addresses);
    group->index.reset();
    return group;
}

result<std::string> read_token(const std::string& file) {
    if (file.empty()) return std::string{};
    const auto text = read_file(file, 64 * 1024);
    if (!text) return error{errc::bad_config, "the peer's token: " + text.error().detail()};
    const std::string token{trim(*text)};
    const bool fine = !token.empty() && token.size() <= most_token &&
                      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (!fine) return error{errc::bad_config, "'" + file + "' has no token in it: it is one line without blanks"};
    return token;
}

std::string url_of(const mirror_group& group) { return core::to_string(group.urls.front()); }

}  // namespace

result<std::shared_ptr<mirror_group>> make_peer_group(const std::string& url, const std::string& token_file,
                                                      std::shared_ptr<const core::address_policy> addresses) {
    auto where = core::parse_url(url);
    if (!where) return error{errc::bad_config, "the peer's URL: " + where.error().detail()};
    auto group = group_at({}, std::move(*where), std::move(addresses));
    LARDER_TRY(group->bearer, read_token(token_file));
    return group;
}

std::string object_path(const digest& content) { return "api/v1/objects/" + content.hex(); }

result<std::shared_ptr<rescue>> rescue::make(const core::options& options,
                                             std::shared_ptr<const core::address_policy> addresses) {
    auto made = std::make_shared<rescue>();
    made->addresses_ = addresses;
    made->of_no_archive_ = std::make_shared<mirror_group>("", 0);
    for (const auto& archive : options.archives) {
        made->without_mirrors_[archive.name] = std::make_shared<mirror_group>(archive.name, 0);
        for (const auto& text : archive.snapshots) {
            auto where = core::snapshot_url::parse(text);
            if (!where) return error{errc::bad_config, "archive '" + archive.name + "': " + where.error().detail()};
            auto group = group_at(archive.name, where->base(), addresses);
            group->redirect_hosts = archive.redirect_hosts;
            made->services_[archive.name].push_back({std::move(*where), std::move(group)});
        }
    }
    for (const auto& peer : options.peers) {
        auto group = make_peer_group(peer.url, peer.token_file, addresses);
        if (!group) return group.error().in("[[peer]] " + peer.url);
        made->configured_.push_back(std::move(*group));
    }
    return made;
}

std::vector<fetch_source> rescue::sources_for(const fetch_order& order) const {
    std::vector<fetch_source> all;
    for (const auto& peer : peers()) all.push_back({peer, {object_path(order.content)}});
    const auto found = services_.find(order.from->archive);
    if (found == services_.end()) return all;
    // A source for each moment: wrong bytes at one say nothing of the next.
    for (const auto& moment : chosen_moments(order.moments))
        for (const auto& keeper : found->second)
            for (const sys_seconds when : {moment, sys_seconds{moment + a_while}}) {
                fetch_source one{keeper.group, {}};
                for (const auto& path : order.paths) one.paths.push_back(keeper.where.path_at(when, path));
                all.push_back(std::move(one));
            }
    return all;
}

bool rescue::has_places(const std::string& archive) const { return services_.contains(archive) || !peers().empty(); }

fetch_order rescue::beside_mirrors(fetch_order order) const {
    const auto group = without_mirrors_.find(order.from->archive);
    order.from = group == without_mirrors_.end() ? of_no_archive_ : group->second;
    order.rescue = true;
    return order;
}

std::optional<fetch_order> rescue::by_hash(const digest& content) const {
    if (peers().empty()) return {};
    fetch_order order;
    order.content = content;
    order.paths = {"object " + content.hex()};
    order.from = of_no_archive_;
    order.rescue = true;
    return order;
}

std::string rescue::fingerprint(const std::string& archive) const {
    std::string all;
    for (const auto& peer : configured_) all += url_of(*peer) + "\n";
    if (const auto found = services_.find(archive); found != services_.end())
        for (const auto& one : found->second) all += one.where.path_at({}, url_of(*one.group)) + "\n";
    return all.empty() ? all : sha256(all).hex().substr(0, 16);
}

void rescue::follows(std::vector<std::shared_ptr<mirror_group>> peers) {
    const std::lock_guard lock{mutex_};
    followed_ = std::move(peers);
}

void rescue::take_followed(const rescue& before) {
    std::vector<std::shared_ptr<mirror_group>> theirs;
    {
        const std::lock_guard lock{before.mutex_};
        theirs = before.followed_;
    }
    follows(std::move(theirs));
}

std::vector<std::shared_ptr<mirror_group>> rescue::peers() const {
    auto all = configured_;
    const std::lock_guard lock{mutex_};
    for (const auto& one : followed_) {
        const auto same = [&one](const auto& other) { return url_of(*other) == url_of(*one); };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back(one);
    }
    return all;
}

std::vector<sys_seconds> chosen_moments(std::vector<sys_seconds> all) {
    std::sort(all.begin(), all.end(), std::greater<>{});
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (all.size() > most_moments) all.resize(most_moments);
    return all;
}

}  // namespace larder::net
