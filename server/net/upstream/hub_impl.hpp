#pragma once

#include "descriptors.hpp"
#include <algorithm>
#include <deque>
#include <larder/core/mirrors.hpp>
#include <larder/net/fetch_hub.hpp>

namespace larder::net {

/// What the downloads of a hub share. `mutex` guards the flights; all else belongs to the upstream loop.
struct fetch_hub::impl : std::enable_shared_from_this<fetch_hub::impl> {
    impl(asio::io_context& l, upstream_client& c, store::object_store& o, const core::upstream_options& u, metrics& m,
         logger& g, const wall_clock& w)
        : loop{l}, client{c}, objects{o}, options{u}, counts{m}, log{g}, clock{w} {}

    asio::io_context& loop;
    upstream_client& client;
    store::object_store& objects;
    core::upstream_options options;
    metrics& counts;
    logger& log;
    const wall_clock& clock;
    std::function<void(const fetch_order&)> told;
    std::function<void()> full_told;
    std::function<std::vector<fetch_source>(const fetch_order&)> elsewhere;

    mutable std::mutex mutex;
    /// Of one content there is a flight for each archive that it was asked of: another one's mirrors may be
    /// down.
    struct under_way {
        const mirror_group* from;
        std::shared_ptr<flight> it;
        fetch_order wish;  ///< with what those who have joined know of other places
    };
    std::unordered_map<digest, std::vector<under_way>, digest_hash> flights;
    std::size_t count = 0;  ///< of all of them
    bool closed = false;

    /// Counts and logs what came of a transfer, and lets it tell on the mirror's health.
    void report(const std::shared_ptr<mirror_group>& group, std::size_t mirror, const core::outcome& how,
                const std::string& path);
    /// The group's mirrors, most wanted first.
    std::vector<std::size_t> order(const mirror_group& group) const;
    /// The same for one object: mirrors that sent wrong bytes for it come last, also in later fetches.
    std::vector<std::size_t> order_for(const fetch_order& wish) const;
    void sent_wrong_bytes(const digest& content, const std::vector<std::size_t>& mirrors);
    /// Whether every mirror of the order has sent wrong bytes for it.
    bool only_liars(const fetch_order& wish) const;
    /// Where else it may be, where that is wanted by any of those who wait for it.
    std::vector<fetch_source> sources_beside(const fetch_order& order) const;
    core::plan_limits limits() const;
    void forget(const fetch_order& order);

    /// Begins the download, or lets it wait its turn where too many files are open for it; on the loop.
    void admit(std::shared_ptr<flight> to, const fetch_order& order);
    /// Begins what has waited, as far as there is room; on the loop.
    void admit_waiting();

private:
    /// Two descriptors each, until the object is durable, which a slow disk may make long.
    const std::size_t most_open_ = std::max<std::size_t>(8, descriptor_limit() / 8);
    bool has_room(const fetch_order& order);
    std::size_t open_ = 0;
    std::unordered_map<const mirror_group*, std::size_t> open_of_;
    std::deque<std::pair<std::shared_ptr<flight>, fetch_order>> waiting_;
    /// By object, the mirrors that its wrong bytes came from.
    std::unordered_map<digest, std::vector<std::size_t>, digest_hash> liars_;
};

}  // namespace larder::net
