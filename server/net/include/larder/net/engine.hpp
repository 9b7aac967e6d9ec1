#pragma once

#include <functional>
#include <larder/core/options.hpp>
#include <larder/core/router.hpp>
#include <larder/net/archive.hpp>
#include <larder/net/engine_parts.hpp>
#include <memory>
#include <string>
#include <vector>

namespace larder::net {

class site_state;
class views;
class held_list;
class own_key;
class archive_keys;
struct upload_room;
namespace publishing {
struct pocket_memory;
}
class rescue;
namespace pinning {
class expectations;
}

/// The configuration as the requests see it; swapped whole by a reload.
struct routing {
    core::options options;
    core::router router;
    std::vector<std::shared_ptr<archive>> archives;  ///< in the router's order
    std::shared_ptr<rescue> elsewhere;               ///< where to ask for what no mirror has; never null
};

/// What long work tells of itself: how far it is, of how much (0: not known), and a line for people.
struct progress {
    std::string doing;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};
using progress_sink = std::function<void(const progress&)>;

/// Everything behind the listeners: the store, the archives, the downloads, the upstream loop and its
/// thread. The server has one; so has a command that opens the store itself. Thread-safe.
class engine {
public:
    /// Opens the store and the keyrings and starts the upstream loop. `bad_config` or `conflict`
    /// (another process has the store) with a sentence for people.
    static result<std::unique_ptr<engine>> start(core::options options, std::unique_ptr<logger> log,
                                                 const wall_clock& clock = system_clock());
    /// stop(), unless that was called.
    ~engine();

    /// Ends jobs and downloads (what is complete is committed), then the loop and the pool. A server
    /// calls it while its own loops still exist: those who wait on them are woken once more.
    void stop();

    std::shared_ptr<const routing> routes() const;
    std::shared_ptr<archive> find_archive(std::string_view name) const;
    /// Takes another configuration: archives that did not change keep what they know. Listeners, the
    /// store's path and the number of threads stay as they are.
    result<void> reload(core::options options);

    engine_parts& parts() noexcept;
    store::store& store() noexcept;
    metrics& counts() noexcept;
    logger& log() noexcept;
    const wall_clock& clock() const noexcept;
    std::uint64_t generation() const noexcept;

    /// Grows when objects have left the store: whoever holds one open must let go of it.
    std::uint64_t removals() const noexcept;
    /// Said after objects were removed or moved aside.
    void objects_gone() noexcept;

    /// Whether the upstream loop has come round since this was asked last: for a watchdog.
    bool answers();

    /// What POST /api/v1/reload does; without it the process sends itself SIGHUP.
    void on_reload(std::function<result<void>()> how);

    /// An object whose file was found to be other than its name: moved aside, and no answer that is
    /// cached names it any more.
    void damaged(const digest& content);
    /// Checks a stored file while it is sent for the first time in this process: a flight whose bytes
    /// come from the store itself. Null when it was checked before.
    /// `stamp`: of the file that is about to be sent; one that was written to since counts as unchecked.
    std::shared_ptr<flight> check_first(const digest& content, std::uint64_t size, std::uint64_t stamp);
    /// Notes that an object is known to be whole (it was hashed in memory, or just downloaded).
    void is_whole(const digest& content);

    /// What /snapshot and /d show.
    views& pinned() noexcept;
    /// What deployments hold.
    held_list& held() noexcept;
    /// What this store signs with.
    own_key& key() noexcept;
    /// What its local archives are signed with.
    archive_keys& keys() noexcept;
    /// Where uploads are looked at.
    upload_room& uploads() noexcept;
    /// What promotions remember.
    publishing::pocket_memory& remembered() noexcept;
    /// Said when a local archive was made: from now on it is served.
    result<void> local_archives_changed();
    pinning::expectations& expected() noexcept;

    /// What the pages and the API remember: the jobs.
    site_state& site() noexcept;

    /// Values for /metrics that are read when asked for: ages of suites, health of mirrors.
    std::vector<gauge_sample> gauges() const;

    /// Said when something was pinned, or came to be held: a server brings what of it is not here. Also when a
    /// deployment came to follow a peer.
    void more_is_held();

    /// Background work of a server: refreshes suites as they come due, writes uses down, keeps the
    /// cache below its size, brings what deployments hold.
    void start_upkeep();

private:
    struct impl;
    explicit engine(std::unique_ptr<impl>);
    result<void> reroute(core::options options);
    std::unique_ptr<impl> impl_;
};

/// Tells a file from the same file once somebody has written to it, or from another in its place. Not from
/// one whose dates were set back on purpose, nor from one that the disk itself has spoilt: that is for
/// larder doctor.
std::uint64_t stamp_of(int fd);

/// Runs a coroutine on the upstream loop and waits for it: for commands, never on a loop.
template <class T>
T run_blocking(engine& e, awaitable<T> work);

}  // namespace larder::net

#include <larder/net/run_blocking.hpp>
