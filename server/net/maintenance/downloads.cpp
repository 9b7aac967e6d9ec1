#include "maintenance/downloads.hpp"
#include <thread>

namespace larder::net::maintenance {
namespace {

using namespace std::chrono_literals;

/// Enough to keep the hub's connections busy; the hub itself bounds what goes on at once.
constexpr std::size_t most_at_once = 64;
constexpr auto look_again = 10ms;

struct coming_object {
    std::size_t position = 0;
    std::shared_ptr<flight> from;
};

error stopped() { return {errc::cancelled, "stopped on request"}; }

/// Whether a flight has ended for good, in the store or not.
std::optional<result<void>> outcome_of(engine& e, const coming_object& one) {
    const auto state = one.from->look();
    if (state.now == flight::state::phase::failed) return result<void>{state.why};
    if (state.now != flight::state::phase::verified || !one.from->stored()->ready()) return {};
    const auto here = e.store().objects().find(one.from->want());
    if (!here) return result<void>{here.error()};
    if (!*here) return result<void>{error{errc::io, "it arrived and could not be stored; the log says why"}};
    return result<void>{};
}

awaitable<result<void>> refreshing(std::shared_ptr<archive> of, std::string suite) {
    const auto until = no_deadline();
    auto how = co_await of->refresh(suite, archive::urgency::now, until);
    co_return how;
}

awaitable<result<void>> learning(std::shared_ptr<archive> from, std::vector<index_wanted> indices) {
    const auto until = no_deadline();
    auto how = co_await from->learn(indices, until);
    co_return how;
}

}  // namespace

result<void> wait_for(engine& e, awaitable<result<void>> work, const std::stop_token& stop) {
    auto ended = asio::co_spawn(e.parts().loop, std::move(work), asio::use_future);
    while (ended.wait_for(100ms) != std::future_status::ready)
        if (stop.stop_requested()) return stopped();
    return ended.get();
}

result<void> download(engine& e, const std::vector<fetch_order>& orders, const std::string& doing,
                      const std::function<void(std::size_t, const result<void>&)>& ended, const progress_sink& tell,
                      std::stop_token stop) {
    std::uint64_t total = 0;
    for (const auto& order : orders)
        if (order.size != store::unknown_size) total += order.size;
    std::vector<coming_object> coming;
    std::uint64_t done = 0;
    auto told = std::chrono::steady_clock::now() - 1s;
    for (std::size_t next = 0; next < orders.size() || !coming.empty();) {
        if (stop.stop_requested()) return stopped();
        while (next < orders.size() && coming.size() < most_at_once) {
            const auto here = e.store().objects().find(orders[next].content);
            if (here && *here) {
                done += (*here)->size;
                ended(next, {});
            } else {
                coming.push_back({next, e.parts().hub.get(orders[next])});
            }
            ++next;
        }
        std::uint64_t on_the_way = 0;
        std::erase_if(coming, [&](const coming_object& one) {
            const auto how = outcome_of(e, one);
            if (!how) {
                on_the_way += one.from->look().readable;
                return false;
            }
            if (*how) done += one.from->look().readable;
            ended(one.position, *how);
            return true;
        });
        if (const auto now = std::chrono::steady_clock::now(); now - told > 200ms) {
            tell({doing, done + on_the_way, total});
            told = now;
        }
        if (!coming.empty()) std::this_thread::sleep_for(look_again);
    }
    tell({doing, done, total});
    return {};
}

result<void> learn_all(engine& e, const std::shared_ptr<archive>& from, std::vector<index_wanted> indices,
                       std::stop_token stop) {
    // Indices that are known cost a look-up and nothing else.
    std::vector<index_wanted> unknown;
    for (auto& index : indices) {
        LARDER_TRY(const bool known, e.store().known().knows_index(from->name(), index.key));
        if (!known) unknown.push_back(std::move(index));
    }
    if (unknown.empty()) return {};
    return wait_for(e, learning(from, std::move(unknown)), stop);
}

result<void> refresh_now(engine& e, const std::shared_ptr<archive>& of, const std::string& suite,
                         std::stop_token stop) {
    return wait_for(e, refreshing(of, suite), stop);
}

}  // namespace larder::net::maintenance
