#include "pockets/contents_maker.hpp"
#include "held.hpp"
#include "pockets/contents.hpp"
#include <algorithm>

namespace larder::net::publishing {
namespace {

constexpr std::chrono::seconds between_rounds{1}, shortest_rest{2};
constexpr std::chrono::minutes after_failure{1};
constexpr int rest_times = 9;  ///< of the time that it took

std::vector<pockets::kept_index> packages_in(const pockets::publication& of) {
    std::vector<pockets::kept_index> all;
    for (const auto& one : of.indices)
        if (lists_packages(one.path)) all.push_back(one);
    return all;
}

}  // namespace

contents_maker::contents_maker(engine& e)
    : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {}

contents_maker::clock::time_point contents_maker::round(const std::stop_token& stop) {
    const auto all = registry_of(e_).pockets();
    if (!all) e_.log().write(log_level::error, "pockets cannot be read: " + all.error().message());
    for (const auto& one : all ? *all : std::vector<pockets::pocket>{}) {
        auto& known = known_[one.name()];
        const auto began = clock::now();
        if (!one.contents || one.head == known.head || began < known.rest_until || stop.stop_requested()) continue;
        const auto done = look_after(one, known, stop);
        const auto ended = clock::now();
        known.rest_until = ended + std::max<clock::duration>(shortest_rest, rest_times * (ended - began));
        if (done || done.error().code() == errc::cancelled) continue;
        known.rest_until = ended + after_failure;
        e_.log().write(log_level::error, "the Contents of a pocket were not made: " + done.error().message(),
                       {{"pocket", one.name()}});
    }
    return clock::now() + between_rounds;
}

result<void> contents_maker::look_after(const pockets::pocket& of, state& known, const std::stop_token& stop) {
    LARDER_TRY(const auto last, registry_of(e_).load(of, of.head));
    auto packages = packages_in(last);
    const bool same = known.head != 0 && known.packages == packages && known.xz == of.xz;
    if (same &&
        std::any_of(last.indices.begin(), last.indices.end(), [](const auto& one) { return is_contents(one.path); })) {
        known.head = of.head;
        return {};
    }
    held_list::staging staged{e_.held()};
    LARDER_TRY(auto made, make_contents(
                              e_, of, last, [&](const digest& object) { staged.add(object); }, stop));
    auto head = of.head;
    if (!made.empty()) {
        LARDER_TRY(const auto mine, turn::take(e_, of.name()));
        auto what = edition_of(mine.of(), pockets::step::refresh, {"larder", "its Contents are ready"});
        what.aside = std::move(made);
        LARDER_TRY(const auto report, publish(e_, std::move(what), [](const auto&, auto&) { return true; }));
        // What was published meanwhile is seen to next.
        head = mine.of().head == of.head ? report.pocket.head : 0;
    }
    known.head = head;
    known.packages = std::move(packages);
    known.xz = of.xz;
    return {};
}

}  // namespace larder::net::publishing
