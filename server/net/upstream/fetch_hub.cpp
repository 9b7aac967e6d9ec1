#include "upstream/download.hpp"
#include "upstream/hub_impl.hpp"
#include <algorithm>
#include <boost/asio/post.hpp>

namespace larder::net {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_liars = 10'000;

/// Who joins may know more of where else it may be.
void take_hints(fetch_order& known, const fetch_order& more) {
    if (!more.rescue || (known.rescue && known.moments.size() >= more.moments.size())) return;
    known.rescue = true;
    known.moments = more.moments;
}

}  // namespace

void fetch_hub::impl::report(const std::shared_ptr<mirror_group>& group, std::size_t mirror, const core::outcome& how,
                             const std::string& path) {
    if (how.kind != core::transfer::ok) {
        counts.upstream_failures.add();
        const auto url = core::join(group->urls.at(mirror), path);
        log.write(log_level::info, "transfer failed: " + std::string{core::to_string(how.kind)} + ": " + how.detail,
                  {{"url", url}});
    }
    const std::lock_guard lock{group->mutex};
    group->health.report(mirror, how, steady_clock::now());
}

std::vector<std::size_t> fetch_hub::impl::order(const mirror_group& group) const {
    const std::lock_guard lock{group.mutex};
    return group.health.order(steady_clock::now());
}

std::vector<std::size_t> fetch_hub::impl::order_for(const fetch_order& wish) const {
    auto mirrors = order(*wish.from);
    const auto bad = liars_.find(wish.content);
    if (bad != liars_.end())
        std::stable_partition(mirrors.begin(), mirrors.end(), [&](std::size_t m) {
            return std::find(bad->second.begin(), bad->second.end(), m) == bad->second.end();
        });
    return mirrors;
}

void fetch_hub::impl::sent_wrong_bytes(const digest& content, const std::vector<std::size_t>& mirrors) {
    if (liars_.size() >= most_liars) liars_.clear();
    auto& known = liars_[content];
    known.insert(known.end(), mirrors.begin(), mirrors.end());
}

bool fetch_hub::impl::only_liars(const fetch_order& wish) const {
    const auto bad = liars_.find(wish.content);
    if (bad == liars_.end()) return false;
    for (std::size_t i = 0; i < wish.from->urls.size(); ++i)
        if (std::find(bad->second.begin(), bad->second.end(), i) == bad->second.end()) return false;
    return true;
}

std::vector<fetch_source> fetch_hub::impl::sources_beside(const fetch_order& order) const {
    if (!elsewhere) return {};
    auto wish = order;
    {
        const std::lock_guard lock{mutex};
        if (const auto found = flights.find(order.content); found != flights.end())
            for (const auto& one : found->second)
                if (one.from == order.from.get()) take_hints(wish, one.wish);
    }
    return wish.rescue ? elsewhere(wish) : std::vector<fetch_source>{};
}

core::plan_limits fetch_hub::impl::limits() const {
    core::plan_limits l;
    l.rounds = options.retries;
    l.backoff = options.backoff;
    return l;
}

void fetch_hub::impl::forget(const fetch_order& order) {
    {
        const std::lock_guard lock{mutex};
        const auto found = flights.find(order.content);
        if (found != flights.end()) {
            count -= std::erase_if(found->second, [&](const under_way& one) { return one.from == order.from.get(); });
            if (found->second.empty()) flights.erase(found);
        }
    }
    asio::post(loop, [me = shared_from_this(), from = order.from.get()] {
        --me->open_;
        if (--me->open_of_[from] == 0) me->open_of_.erase(from);
        me->admit_waiting();
    });
}

/// Metadata has as much room again; and no archive takes more than half, so that one whose mirrors hang keeps
/// nobody from the others.
bool fetch_hub::impl::has_room(const fetch_order& order) {
    const auto most = order.urgent ? 2 * most_open_ : most_open_;
    return closed || (open_ < most && open_of_[order.from.get()] < most / 2);
}

void fetch_hub::impl::admit(std::shared_ptr<flight> to, const fetch_order& order) {
    if (!has_room(order)) {
        waiting_.emplace_back(std::move(to), order);
        return;
    }
    ++open_;
    ++open_of_[order.from.get()];
    start_download(shared_from_this(), std::move(to), order);
}

void fetch_hub::impl::admit_waiting() {
    // What is begun here may fail at once; that comes back by the loop, not into this.
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        if (!has_room(at->second)) {
            ++at;
            continue;
        }
        auto [to, order] = std::move(*at);
        at = waiting_.erase(at);
        admit(std::move(to), order);
    }
}

fetch_hub::fetch_hub(asio::io_context& loop, upstream_client& client, store::object_store& objects,
                     const core::upstream_options& options, metrics& counts, logger& log, const wall_clock& clock)
    : impl_{std::make_shared<impl>(loop, client, objects, options, counts, log, clock)} {}

fetch_hub::~fetch_hub() = default;

void fetch_hub::on_full(std::function<void()> told) { impl_->full_told = std::move(told); }

void fetch_hub::on_missing(std::function<std::vector<fetch_source>(const fetch_order&)> told) {
    impl_->elsewhere = std::move(told);
}

void fetch_hub::on_stored(std::function<void(const fetch_order&)> told) { impl_->told = std::move(told); }

std::shared_ptr<flight> fetch_hub::get(const fetch_order& order, bool* started) {
    std::shared_ptr<flight> to;
    {
        const std::lock_guard lock{impl_->mutex};
        auto& all = impl_->flights[order.content];
        const auto same =
            std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.from == order.from.get(); });
        if (started != nullptr) *started = same == all.end();
        if (same != all.end()) {
            take_hints(same->wish, order);
            return same->it;
        }
        to = std::make_shared<flight>(order.content, order.size);
        all.push_back({order.from.get(), to, order});
        ++impl_->count;
    }
    asio::post(impl_->loop, [hub = impl_, to, order] { hub->admit(to, order); });
    return to;
}

std::shared_ptr<flight> fetch_hub::find(const digest& content) const {
    const std::lock_guard lock{impl_->mutex};
    const auto found = impl_->flights.find(content);
    return found == impl_->flights.end() ? nullptr : found->second.front().it;
}

awaitable<result<void>> fetch_hub::stored(std::shared_ptr<flight> coming, steady_point deadline) {
    const auto done = co_await outcome<result<void>>::get(coming->stored(), deadline);
    if (!done) co_return error{errc::timeout, "not stored yet"};
    co_return *done;
}

void fetch_hub::reconfigure(const core::upstream_options& options) { impl_->options = options; }

void fetch_hub::shut_down() {
    impl_->closed = true;
    impl_->client.shut_down();
    impl_->admit_waiting();
}

std::size_t fetch_hub::active() const {
    const std::lock_guard lock{impl_->mutex};
    return impl_->count;
}

}  // namespace larder::net
