#include "deployments/follower.hpp"
#include "deployments/keeper.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include "journal/sealing.hpp"
#include "keys/key_keeper.hpp"
#include "own_key.hpp"
#include "own_names.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/contents_maker.hpp"
#include "pockets/pocket_memory.hpp"
#include "pockets/read_behind.hpp"
#include "pockets/refresher.hpp"
#include "pockets/upload_watch.hpp"
#include "rescue.hpp"
#include "site/site_state.hpp"
#include "upload_room.hpp"
#include "views.hpp"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <larder/net/engine.hpp>
#include <larder/net/maintenance.hpp>
#include <larder/pockets/registry.hpp>
#include <larder/signing/verifier.hpp>
#include <stop_token>
#include <sys/stat.h>
#include <thread>
#include <unordered_map>

namespace larder::net {
namespace {

constexpr std::size_t pool_threads = 4;
/// Objects that are sent for the first time are hashed apart from signatures and indices, and in slices, so
/// that a small one waits for a slice of each large one and not for all of it.
constexpr std::size_t check_threads = 2;
constexpr std::uint64_t check_slice = 8 << 20;
/// How many objects are remembered as checked before the memory of it starts anew: 1,000,000 digests
/// are some 60 MB.
constexpr std::size_t most_remembered = 500'000;
constexpr std::size_t check_piece = 1 << 20;

bool same_archive(const core::archive_options& a, const core::archive_options& b) {
    const auto as_tuple = [](const core::archive_options& o) {
        return std::tie(o.name, o.upstream, o.aliases, o.keyring, o.suites, o.components, o.architectures,
                        o.redirect_hosts, o.snapshots, o.refresh, o.user, o.password_file, o.token_file,
                        o.check_valid_until, o.check_suite);
    };
    return as_tuple(a) == as_tuple(b);
}

/// In place of those that were known before.
result<void> add_local_archives(store::ref_store& refs, archive_keys& keys, core::options& to) {
    std::erase_if(to.archives, [](const auto& one) { return one.local; });
    LARDER_TRY(const auto local, pockets::registry{refs}.archives());
    for (const auto& one : local) {
        for (const auto& other : to.archives)
            if (other.name == one.name)
                return error{errc::bad_config,
                             "archive '" + one.name + "' is one that is published here: call the other something else"};
        core::archive_options made;
        made.name = one.name;
        made.local = true;
        std::vector<std::string> published;
        // Also those that are gone, or revoked since: what they have signed was made here.
        for (const auto& key : one.keys) made.keyring.push_back(key.public_key);
        for (const auto* key : one.published()) published.push_back(key->published());
        LARDER_TRY(auto armoured, signing::joined_keys(published));
        keys.publish(one.name, std::move(armoured));
        to.archives.push_back(std::move(made));
    }
    return {};
}

}  // namespace

/// What a server sees to by itself, each on a thread of its own.
struct upkeep {
    explicit upkeep(engine& e)
        : keeper{e}, follower{e}, refresher{e}, key_keeper{e}, contents{e}, promoted{e}, uploads{e}, sealer{e} {}

    pinning::keeper keeper;
    pinning::follower follower;
    publishing::refresher refresher;
    publishing::key_keeper key_keeper;
    publishing::contents_maker contents;
    publishing::read_behind promoted;
    publishing::upload_watch uploads;
    journal_sealer sealer;
};

struct engine::impl {
    std::unique_ptr<logger> log;
    const wall_clock& clock;
    metrics counts;
    std::atomic<std::uint64_t> generation{1};
    std::atomic<std::uint64_t> removals{1};
    std::mutex refs_mutex;
    std::uint64_t refs_changed = 0;
    asio::io_context loop{1};
    asio::thread_pool pool{pool_threads};
    asio::thread_pool check_pool{check_threads};
    upload_room uploads;
    std::stop_source ending;              ///< asked to stop before the pools are waited for
    std::unique_ptr<store::store> store;  ///< ends, with the commits under way, before the loop they report to
    std::unique_ptr<upstream_client> client;
    std::unique_ptr<fetch_hub> hub;
    std::unique_ptr<engine_parts> parts;
    std::unique_ptr<views> pinned;
    std::unique_ptr<held_list> held;
    std::unique_ptr<own_key> key;
    std::unique_ptr<archive_keys> keys;
    publishing::pocket_memory remembered;
    pinning::expectations expected;
    std::unique_ptr<struct upkeep> upkeep;  ///< of a server

    std::mutex rerouting;  ///< one change of the routes at a time
    mutable std::mutex mutex;
    std::shared_ptr<const routing> routes;

    mutable std::mutex whole_mutex;
    std::unordered_map<digest, std::uint64_t, digest_hash> whole;  ///< with the stamp that their files had
    std::unordered_map<digest, std::shared_ptr<flight>, digest_hash> checks;

    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    std::thread thread;
    std::atomic<bool> answered{true};  ///< the last question of answers()
    bool stopping = false;             ///< on the loop
    bool making_room = false;          ///< on the loop: a pass of gc is under way
    std::unique_ptr<site_state> site;

    impl(std::unique_ptr<logger> l, const wall_clock& c) : log{std::move(l)}, clock{c} {}

    result<std::shared_ptr<const routing>> make_routes(core::options options, const routing* before);
    class check;
    void remember_whole(const digest& content, std::uint64_t stamp);
    void remember_whole(const digest& content);  ///< with the stamp that its file has now
    awaitable<void> refresh_forever();
    awaitable<void> note_uses_forever();
    awaitable<void> note_holds_forever(engine& of);
    awaitable<void> make_room(engine& of, pressure why);
    awaitable<void> make_room_forever(engine& of);
};

/// Reads a stored object through its hash, a slice at a time; those who wait follow what was read.
class engine::impl::check {
public:
    check(impl& of, std::shared_ptr<flight> f, std::uint64_t size) : of_{of}, flight_{std::move(f)}, size_{size} {}

    static void go_on(const std::shared_ptr<check>& me) {
        if (me->of_.ending.stop_requested()) return me->finish(error{errc::cancelled, "shutting down"});
        const auto more = me->slice();
        if (!more) return me->finish(more.error());
        if (*more) return asio::post(me->of_.check_pool, [me] { go_on(me); });
        me->judge();
    }

private:
    result<void> begin() {
        auto& objects = of_.store->objects();
        const auto& content = flight_->want();
        const auto info = objects.find(content);
        auto fd = objects.open(content);
        if (!info || !*info || !fd) return error{errc::absent, content.hex() + " is not here"};
        fd_ = std::move(*fd);
        modified_ = (*info)->modified;
        stamp_ = stamp_of(fd_.get());
        try {
            flight_->attach(fd_.get());
        } catch (const std::exception& e) {
            return error{errc::io, e.what()};
        }
        flight_->head(size_, modified_);
        return {};
    }

    /// Whether there is more to read.
    result<bool> slice() {
        if (!fd_) LARDER_CHECK(begin());
        for (const auto until = done_ + check_slice; done_ < until;) {
            LARDER_TRY(const auto piece,
                       pread_all(fd_.get(), check_piece, done_, "reading object " + flight_->want().hex()));
            if (piece.empty()) return false;
            hash_.update(piece);
            done_ += piece.size();
            flight_->grew(done_);
        }
        return true;
    }

    void judge() {
        const auto& content = flight_->want();
        if (done_ == size_ && hash_.finish() == content) return finish({});
        of_.counts.damaged_objects.add();
        const auto aside = of_.store->objects().set_aside(content);
        ++of_.removals;
        ++of_.generation;
        of_.log->write(log_level::error,
                       "damaged object found while serving it" + std::string{aside ? ", set aside" : ""},
                       {{"object", content.hex()}});
        finish(error{errc::digest_mismatch, "object " + content.hex() + " is damaged"});
    }

    void finish(const result<void>& how) {
        const auto& content = flight_->want();
        if (how) of_.remember_whole(content, stamp_);
        {
            const std::lock_guard lock{of_.whole_mutex};
            of_.checks.erase(content);
        }
        if (how)
            flight_->done(size_, modified_);
        else
            flight_->fail(how.error());
    }

    impl& of_;
    const std::shared_ptr<flight> flight_;
    const std::uint64_t size_;
    unique_fd fd_;
    sys_seconds modified_{};
    std::uint64_t stamp_ = 0, done_ = 0;
    hasher hash_;
};

result<std::shared_ptr<const routing>> engine::impl::make_routes(core::options options, const routing* before) {
    auto policy = core::address_policy::make(options);
    if (!policy) return policy.error();
    const auto addresses = std::make_shared<const core::address_policy>(std::move(*policy));
    const auto own = own_names(options.server, *log);
    LARDER_CHECK(add_local_archives(store->refs(), *keys, options));
    LARDER_TRY(auto router, core::router::make(options, own));
    const bool same_networks =
        before != nullptr && before->options.upstream.private_networks == options.upstream.private_networks;
    std::vector<std::shared_ptr<archive>> archives;
    for (std::size_t i = 0; i < options.archives.size(); ++i) {
        const auto& wanted = options.archives[i];
        std::shared_ptr<archive> kept;
        if (before != nullptr)
            for (const auto& old : before->archives)
                if (same_networks && same_archive(old->options(), wanted) && old->mirrors().index == i &&
                    !old->files_changed())
                    kept = old;
        if (!kept) {
            LARDER_TRY(auto mirrors, make_mirror_group(wanted, i, addresses));
            LARDER_TRY(kept, archive::open(*parts, wanted, std::move(mirrors)));
        }
        archives.push_back(std::move(kept));
    }
    LARDER_TRY(auto elsewhere, rescue::make(options, addresses));
    return std::make_shared<const routing>(
        routing{std::move(options), std::move(router), std::move(archives), std::move(elsewhere)});
}

result<std::unique_ptr<engine>> engine::start(core::options options, std::unique_ptr<logger> log,
                                              const wall_clock& clock) {
    signing::initialise();
    auto made = std::make_unique<impl>(std::move(log), clock);
    LARDER_TRY(made->store, store::open(options.store.path));
    made->client = std::make_unique<upstream_client>(made->loop, options.upstream);
    made->hub = std::make_unique<fetch_hub>(made->loop, *made->client, made->store->objects(), options.upstream,
                                            made->counts, *made->log, made->clock);
    made->parts.reset(new engine_parts{*made->store, made->loop, made->pool, *made->hub, made->counts, *made->log,
                                       made->clock, made->generation, made->refs_mutex, made->refs_changed});
    made->pinned = std::make_unique<views>(*made->parts);
    made->held = std::make_unique<held_list>(*made->parts);
    made->key = std::make_unique<own_key>(made->store->path());
    made->keys = std::make_unique<archive_keys>(made->store->path());
    LARDER_TRY(made->routes, made->make_routes(std::move(options), nullptr));
    auto* const self = made.get();
    made->hub->on_stored([self](const fetch_order& order) {
        // On the store's thread: only hand it on.
        asio::post(self->loop, [self, order] {
            ++self->generation;
            if (self->stopping) return;
            self->remember_whole(order.content);
            self->store->known().used(order.content, self->clock.now());
            std::shared_ptr<const routing> routes;
            {
                const std::lock_guard lock{self->mutex};
                routes = self->routes;
            }
            for (const auto& a : routes->archives)
                if (a->name() == order.from->archive) a->arrived(order);
        });
    });
    made->hub->on_missing([self](const fetch_order& order) {
        std::shared_ptr<const routing> routes;
        {
            const std::lock_guard lock{self->mutex};
            routes = self->routes;
        }
        return routes ? routes->elsewhere->sources_for(order) : std::vector<fetch_source>{};
    });
    made->site = std::make_unique<site_state>(made->clock);
    std::unique_ptr<engine> whole{new engine{std::move(made)}};
    self->hub->on_full([self, whole = whole.get()] {
        asio::post(self->loop, [self, whole] {
            if (self->stopping) return;
            auto freeing = self->make_room(*whole, pressure::disk_full);
            asio::co_spawn(self->loop, std::move(freeing), asio::detached);
        });
    });
    self->thread = std::thread{[self] { self->loop.run(); }};
    return whole;
}

std::uint64_t stamp_of(int fd) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return 0;
    const auto time =
        static_cast<std::uint64_t>(st.st_mtim.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(st.st_mtim.tv_nsec);
    return (time * 31 + st.st_ino) * 31 + static_cast<std::uint64_t>(st.st_size);
}

engine::engine(std::unique_ptr<impl> i) : impl_{std::move(i)} {}

engine::~engine() { stop(); }

void engine::stop() {
    auto* const self = impl_.get();
    if (!self->thread.joinable()) return;
    self->ending.request_stop();
    std::unique_ptr<upkeep> ended;
    self->site->jobs().stop();
    {
        const std::lock_guard lock{self->mutex};
        self->upkeep.swap(ended);
    }
    self->site->answers().close();
    self->pinned->first_uses().close();
    asio::post(self->loop, [self] {
        self->stopping = true;
        self->hub->shut_down();
    });
    // Work on the pool may wait for nothing on the loop, so it can end first; commits under way are
    // finished by the store when it closes.
    self->site.reset();
    self->check_pool.join();
    self->uploads.pool.join();
    self->pool.join();
    ended.reset();
    asio::post(self->loop, [self] { self->loop.stop(); });
    self->thread.join();
    const auto flushed = self->store->known().flush_uses();
    if (!flushed) self->log->write(log_level::warn, flushed.error().message());
    if (const auto noted = self->held->flush(); !noted)
        self->log->write(log_level::error, "what deployments hold could not be written: " + noted.error().message());
    {
        const std::lock_guard lock{self->mutex};
        self->routes.reset();
    }
}

std::shared_ptr<const routing> engine::routes() const {
    const std::lock_guard lock{impl_->mutex};
    return impl_->routes;
}

std::shared_ptr<archive> engine::find_archive(std::string_view name) const {
    const auto now = routes();
    for (const auto& a : now->archives)
        if (a->name() == name) return a;
    return nullptr;
}

result<void> engine::local_archives_changed() {
    const std::lock_guard one_at_a_time{impl_->rerouting};
    return reroute(routes()->options);
}

result<void> engine::reload(core::options options) {
    const std::lock_guard one_at_a_time{impl_->rerouting};
    return reroute(std::move(options));
}

result<void> engine::reroute(core::options options) {
    const auto before = routes();
    LARDER_TRY(auto next, impl_->make_routes(std::move(options), before.get()));
    auto* const self = impl_.get();
    next->elsewhere->take_followed(*before->elsewhere);
    asio::post(self->loop, [self, upstream = next->options.upstream] {
        self->client->reconfigure(upstream);
        self->hub->reconfigure(upstream);
    });
    {
        const std::lock_guard lock{impl_->refs_mutex};
        for (const auto& old : before->archives)
            if (std::find(next->archives.begin(), next->archives.end(), old) == next->archives.end()) old->retire();
    }
    {
        const std::lock_guard lock{impl_->mutex};
        impl_->routes = std::move(next);
    }
    ++impl_->generation;
    return {};
}

engine_parts& engine::parts() noexcept { return *impl_->parts; }
store::store& engine::store() noexcept { return *impl_->store; }
metrics& engine::counts() noexcept { return impl_->counts; }
logger& engine::log() noexcept { return *impl_->log; }
bool engine::answers() {
    auto* const self = impl_.get();
    if (!self->answered.exchange(false)) return false;
    asio::post(self->loop, [self] { self->answered = true; });
    return true;
}

const wall_clock& engine::clock() const noexcept { return impl_->clock; }
held_list& engine::held() noexcept { return *impl_->held; }
pinning::expectations& engine::expected() noexcept { return impl_->expected; }
own_key& engine::key() noexcept { return *impl_->key; }
upload_room& engine::uploads() noexcept { return impl_->uploads; }
archive_keys& engine::keys() noexcept { return *impl_->keys; }
publishing::pocket_memory& engine::remembered() noexcept { return impl_->remembered; }
views& engine::pinned() noexcept { return *impl_->pinned; }
site_state& engine::site() noexcept { return *impl_->site; }
std::uint64_t engine::removals() const noexcept { return impl_->removals.load(std::memory_order_acquire); }
void engine::objects_gone() noexcept {
    ++impl_->removals;
    ++impl_->generation;
}
void engine::on_reload(std::function<result<void>()> how) { impl_->site->on_reload(std::move(how)); }
std::uint64_t engine::generation() const noexcept { return impl_->generation.load(std::memory_order_acquire); }

void engine::damaged(const digest& content) {
    impl_->counts.damaged_objects.add();
    const auto hex = content.hex();
    const auto aside = impl_->store->objects().set_aside(content);
    objects_gone();
    impl_->log->write(log_level::error,
                      aside ? "damaged object set aside" : "damaged object: " + aside.error().message(),
                      {{"object", hex}});
    {
        const std::lock_guard lock{impl_->whole_mutex};
        impl_->whole.erase(content);
    }
    ++impl_->generation;
}

void engine::is_whole(const digest& content) { impl_->remember_whole(content); }

void engine::impl::remember_whole(const digest& content) {
    const auto fd = store->objects().open(content);
    struct stat st {};
    // The store dates its files in whole seconds: what has another date was written to since it was hashed.
    if (!fd || ::fstat(fd->get(), &st) != 0 || st.st_mtim.tv_nsec != 0) return;
    remember_whole(content, stamp_of(fd->get()));
}

void engine::impl::remember_whole(const digest& content, std::uint64_t stamp) {
    const std::lock_guard lock{whole_mutex};
    if (whole.size() >= most_remembered) whole.clear();
    whole.insert_or_assign(content, stamp);
}

std::shared_ptr<flight> engine::check_first(const digest& content, std::uint64_t size, std::uint64_t stamp) {
    std::shared_ptr<flight> f;
    {
        const std::lock_guard lock{impl_->whole_mutex};
        const auto known = impl_->whole.find(content);
        if (known != impl_->whole.end() && known->second == stamp) return nullptr;
        auto& slot = impl_->checks[content];
        if (slot) return slot;
        slot = std::make_shared<flight>(content, size);
        f = slot;
    }
    auto one = std::make_shared<impl::check>(*impl_, f, size);
    asio::post(impl_->check_pool, [one] { impl::check::go_on(one); });
    return f;
}

std::vector<gauge_sample> engine::gauges() const {
    std::vector<gauge_sample> all;
    const auto now = impl_->clock.now();
    const auto routes_now = routes();
    for (const auto& a : routes_now->archives)
        for (const auto& s : a->status())
            if (s.validated)
                all.push_back({"larder_suite_age_seconds",
                               "Seconds since upstream last confirmed the suite's state.",
                               {{"archive", a->name()}, {"suite", s.name}},
                               static_cast<double>(std::max<std::int64_t>(0, (now - *s.validated).count()))});
    for (const auto& a : routes_now->archives)
        for (const auto& s : a->status())
            all.push_back({"larder_suite_ok",
                           "1 when the last attempt to refresh the suite succeeded.",
                           {{"archive", a->name()}, {"suite", s.name}},
                           s.last_error.empty() ? 1.0 : 0.0});
    for (const auto& a : routes_now->archives) {
        const auto& group = a->mirrors();
        const std::lock_guard lock{group.mutex};
        for (std::size_t i = 0; i < group.urls.size(); ++i)
            all.push_back({"larder_mirror_failures",
                           "Failures of a mirror in a row.",
                           {{"archive", a->name()}, {"mirror", core::to_string(group.urls[i])}},
                           static_cast<double>(group.health.state(i).failures)});
    }
    {
        const std::lock_guard lock{impl_->mutex};
        if (impl_->upkeep) {
            for (auto& one : impl_->upkeep->keeper.gauges()) all.push_back(std::move(one));
            for (auto& one : impl_->upkeep->follower.gauges()) all.push_back(std::move(one));
        }
    }
    publishing::add_key_gauges(impl_->store->refs(), now, all);
    all.push_back({"larder_fetches", "Objects being fetched now.", {}, static_cast<double>(impl_->hub->active())});
    return all;
}

awaitable<void> engine::impl::refresh_forever() {
    asio::steady_timer timer{loop};
    for (;;) {
        std::shared_ptr<const routing> now;
        {
            const std::lock_guard lock{mutex};
            now = routes;
        }
        for (const auto& a : now->archives)
            for (const auto& name : a->suites()) {
                // Starts an attempt where one is due; nobody waits for it here.
                const auto at_once = std::chrono::steady_clock::now();
                const auto begun = co_await a->refresh(name, archive::urgency::if_due, at_once);
                static_cast<void>(begun);  // told in the log by the attempt itself
            }
        // As often as the most impatient archive wants it, within reason.
        auto pause = std::chrono::milliseconds{5000};
        for (const auto& a : now->archives) pause = std::min(pause, a->options().refresh);
        timer.expires_after(std::max(pause, std::chrono::milliseconds{100}));
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await timer.async_wait(token);
        if (ec || stopping) co_return;
    }
}

awaitable<void> engine::impl::note_uses_forever() {
    asio::steady_timer timer{loop};
    for (;;) {
        timer.expires_after(std::chrono::seconds{60});
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await timer.async_wait(token);
        if (ec || stopping) co_return;
        auto flushing = offload(pool, [this] { return store->known().flush_uses(); });
        const auto flushed = co_await outcome<result<void>>::get(flushing, no_deadline());
        if (!*flushed) log->write(log_level::warn, "uses not noted: " + flushed->error().message());
    }
}

awaitable<void> engine::impl::note_holds_forever(engine& of) {
    asio::steady_timer timer{loop};
    for (;;) {
        timer.expires_after(std::chrono::milliseconds{500});
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await timer.async_wait(token);
        if (ec || stopping) co_return;
        const bool more = held->pending();
        if (!more && !store->fetches().pending()) continue;
        auto flushing = offload(pool, [this]() -> result<void> {
            const auto noted = store->fetches().flush();
            LARDER_CHECK(held->flush());
            return noted;
        });
        const auto flushed = co_await outcome<result<void>>::get(flushing, no_deadline());
        if (!*flushed) log->write(log_level::error, "holds or fetches not noted: " + flushed->error().message());
        if (more) of.more_is_held();
    }
}

awaitable<void> engine::impl::make_room(engine& of, pressure why) {
    if (std::exchange(making_room, true)) co_return;
    auto passing = offload(pool, [&of, why, stop = ending.get_token()] {
        keep_below_limit(of, why, stop);
        return true;
    });
    co_await outcome<bool>::get(passing, no_deadline());
    making_room = false;
}

awaitable<void> engine::impl::make_room_forever(engine& of) {
    asio::steady_timer timer{loop};
    for (;;) {
        timer.expires_after(std::chrono::hours{1});
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await timer.async_wait(token);
        if (ec || stopping) co_return;
        co_await make_room(of, pressure::none);
    }
}

void engine::start_upkeep() {
    auto bounding = impl_->make_room_forever(*this);
    asio::co_spawn(impl_->loop, std::move(bounding), asio::detached);
    auto refreshing = impl_->refresh_forever();
    asio::co_spawn(impl_->loop, std::move(refreshing), asio::detached);
    auto holding = impl_->note_holds_forever(*this);
    asio::co_spawn(impl_->loop, std::move(holding), asio::detached);
    auto noting = impl_->note_uses_forever();
    asio::co_spawn(impl_->loop, std::move(noting), asio::detached);
    auto made = std::make_unique<upkeep>(*this);
    const std::lock_guard lock{impl_->mutex};
    impl_->upkeep = std::move(made);
}

void engine::more_is_held() {
    const std::lock_guard lock{impl_->mutex};
    if (!impl_->upkeep) return;
    impl_->upkeep->keeper.wake();
    impl_->upkeep->follower.wake();
}

}  // namespace larder::net
