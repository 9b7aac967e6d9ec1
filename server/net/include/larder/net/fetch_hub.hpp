#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/core/address.hpp>
#include <larder/core/mirrors.hpp>
#include <larder/core/options.hpp>
#include <larder/core/url.hpp>
#include <larder/net/flight.hpp>
#include <larder/net/log.hpp>
#include <larder/net/metrics.hpp>
#include <larder/net/upstream_client.hpp>
#include <larder/store/catalogue.hpp>
#include <larder/store/objects.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace larder::net {

/// An archive's mirrors, or another place that objects are had from: where they are, how they fare, and what opens
/// them. Shared by all its fetches. `health` is guarded by `mutex`; the rest never changes.
struct mirror_group {
    mirror_group(std::string name, std::size_t count) : archive{std::move(name)}, health{count} {}

    const std::string archive;    ///< empty: of none
    std::vector<core::url> urls;  ///< bases, most wanted first
    std::vector<std::string> redirect_hosts;
    std::string user, password, bearer;
    std::shared_ptr<const core::address_policy> addresses;
    std::optional<std::size_t> index = 0;  ///< of the archive, for `addresses`; nothing: the rules for all hold
    mutable std::mutex mutex;
    core::mirror_set health;
};

/// Reads the secrets' files; `bad_config` names the one that cannot be read.
result<std::shared_ptr<mirror_group>> make_mirror_group(const core::archive_options& options, std::size_t index,
                                                        std::shared_ptr<const core::address_policy> addresses);

/// A wish for one object: what it must be, and where upstream keeps it.
struct fetch_order {
    digest content;
    std::uint64_t size = store::unknown_size;
    /// Paths below a mirror's URL, not encoded; the first that is there is taken ("by-hash/…", then
    /// the plain name).
    std::vector<std::string> paths;
    std::shared_ptr<mirror_group> from;
    bool urgent = false;  ///< metadata: see transfer_request
    // For the fetch log.
    store::arrival how = store::arrival::fetched;
    std::optional<digest> state{};  ///< id of the state whose Release names it, where that was looked at
    /// Of what is pinned or held: what no mirror has brought is asked for elsewhere (on_missing).
    bool rescue = false;
    /// The Dates of states that name it, the likeliest first: for places that keep an archive as it was.
    std::vector<sys_seconds> moments = {};
};

/// Another place where an object may be.
struct fetch_source {
    std::shared_ptr<mirror_group> from;
    std::vector<std::string> paths;  ///< as those of an order
};

/// A small text whose content nobody knows yet (InRelease), with what came of asking for it.
struct document {
    int status = 0;  ///< 200, 304 or 404
    std::string body;
    std::optional<sys_seconds> modified;
    std::size_t mirror = 0;
    std::string url;  ///< that it came from
};

/// All downloads. Single flight: however many ask an archive for an object, upstream is asked once; the
/// download is the hub's own and goes on when those who asked have left. Bytes go to a temporary
/// file and a running hash; only what has the promised hash is committed to the store. A flight fails
/// with `absent` when all mirrors, and all other places that were asked, said that the promised file is not
/// there: whether that is an answer for a client depends on what the file is.
class fetch_hub {
public:
    fetch_hub(asio::io_context& loop, upstream_client& client, store::object_store& objects,
              const core::upstream_options& options, metrics& counts, logger& log, const wall_clock& clock);
    ~fetch_hub();

    /// What is told of every object that was stored.
    void on_stored(std::function<void(const fetch_order&)> told);

    /// Says where else to ask for an object that an order's mirrors have not brought, one place after the other; on the
    /// upstream loop.
    void on_missing(std::function<std::vector<fetch_source>(const fetch_order&)> told);

    /// What is told when the disk was found to be full; on any thread.
    void on_full(std::function<void()> told);

    /// Joins the flight of this object from these mirrors, or starts one. From any thread. `started` says which.
    std::shared_ptr<flight> get(const fetch_order& order, bool* started = nullptr);

    /// A flight of this object, where there is one.
    std::shared_ptr<flight> find(const digest& content) const;

    /// Waits until a verified flight's object is in the store, durably (its readers have it before).
    static awaitable<result<void>> stored(std::shared_ptr<flight> coming, steady_point deadline);

    /// Asks the mirrors, most wanted first and without those in `excluded`, for a text of at most
    /// `limit` bytes: the first 200 or 304 is the answer; `absent` when every mirror that answered
    /// said 404, `upstream_down` when none answered. On the upstream loop.
    awaitable<result<document>> ask(std::shared_ptr<mirror_group> from, std::string path,
                                    std::optional<sys_seconds> if_modified_since, std::uint64_t limit,
                                    std::vector<std::size_t> excluded);

    /// Takes other retries and pauses, for downloads that start from now on. On the upstream loop.
    void reconfigure(const core::upstream_options& options);

    /// No new downloads; those under way fail with `cancelled`. On the upstream loop.
    void shut_down();
    std::size_t active() const;

    struct impl;

private:
    std::shared_ptr<impl> impl_;
};

}  // namespace larder::net
