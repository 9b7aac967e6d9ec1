#pragma once

#include <larder/base/clock.hpp>
#include <larder/deployments/journal_step.hpp>
#include <larder/net/engine.hpp>
#include <larder/pockets/pocket.hpp>
#include <larder/pockets/publication.hpp>
#include <string>
#include <thread>

// Two steps of an edition that stand for themselves.

namespace larder::net::publishing {

/// Until clients take a Release of that Date: apt refuses one that lies more than ten seconds ahead of its own clock
/// (Acquire::Max-FutureTime), and Dates lie a second apart. So who publishes more often than once a second waits.
inline result<void> wait_for_date(const pockets::pocket& of, const wall_clock& clock, sys_seconds date) {
    constexpr std::chrono::seconds most_ahead{5}, clock_is_wrong{60};
    constexpr std::chrono::milliseconds step{20};
    if (date > clock.now() + clock_is_wrong)
        return error{errc::refused,
                     "pocket " + of.name() + ": its last publication is of " +
                         format_iso(date - std::chrono::seconds{1}) +
                         ", which by this machine's clock is still to come, and clients take nothing older than what "
                         "they have seen: set the clock right"};
    while (date > clock.now() + most_ahead) std::this_thread::sleep_for(step);
    return {};
}

/// What the journal is to say of a publication. Its object is the caller's to make: sha256(entry.write()).
inline result<deployments::journal_step> journal_step_of(engine& e, const pockets::publication& next) {
    deployments::journal_entry entry;
    entry.when = next.made;
    entry.what = "pocket-" + std::string{to_string(next.how)};
    entry.subject = next.pocket + "#" + std::to_string(next.number);
    entry.by = next.by;
    entry.reason = next.reason;
    LARDER_TRY(entry.fetches, e.store().fetches().head());
    return deployments::next_step(e.store().refs(), std::move(entry));
}

}  // namespace larder::net::publishing
