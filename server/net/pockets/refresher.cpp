#include "pockets/refresher.hpp"
#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"

namespace larder::net::publishing {
namespace {

constexpr std::chrono::minutes between_rounds{1};

bool is_due(const pockets::pocket& of, sys_seconds made, sys_seconds now) {
    return of.valid_for.count() != 0 && now >= made + 2 * of.valid_for / 3;
}

}  // namespace

refresher::refresher(engine& e) : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {}

pinning::rounds::clock::time_point refresher::round(const std::stop_token& stop) {
    const auto all = registry_of(e_).pockets();
    if (!all) e_.log().write(log_level::error, "pockets cannot be read: " + all.error().message());
    for (const auto& one : all ? *all : std::vector<pockets::pocket>{}) {
        if (stop.stop_requested()) break;
        if (one.valid_for.count() == 0) continue;
        if (const auto done = refresh(one.name()); !done)
            e_.log().write(log_level::error, "a pocket was not published again: " + done.error().message(),
                           {{"pocket", one.name()}});
    }
    e_.remembered().forget(pocket_memory::clock::now() - pocket_memory::kept_for);
    return pinning::rounds::clock::now() + between_rounds;
}

result<void> refresher::refresh(const std::string& pocket) {
    LARDER_TRY(const auto mine, turn::take(e_, pocket));
    const auto& of = mine.of();
    LARDER_TRY(const auto last, registry_of(e_).load(of, of.head));
    if (!is_due(of, last.made, e_.clock().now())) return {};
    edition what;
    what.of = of;
    what.next.how = pockets::step::refresh;
    what.next.by = "larder";
    what.next.reason = "its Valid-Until comes near";
    LARDER_TRY(const auto report, publish(e_, std::move(what), [](const auto&, auto&) { return true; }));
    static_cast<void>(report);
    return {};
}

}  // namespace larder::net::publishing
