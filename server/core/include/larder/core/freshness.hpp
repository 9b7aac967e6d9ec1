#pragma once

#include <chrono>
#include <larder/base/clock.hpp>
#include <optional>
#include <string_view>

namespace larder::core {

/// What may be done with a stored copy, decided without I/O and without a clock of its own.
enum class freshness {
    fresh,       ///< serve it as it is
    revalidate,  ///< ask the upstream with the stored validators first; it may stand in for a dead one
    expired,     ///< do not serve it, not even when the upstream is down
};

/// Whether what a path names can change.
enum class mutability {
    immutable,  ///< pool/ and by-hash/, and all below a snapshot
    changing,   ///< InRelease and what it brings with it
};

/// How a path ages. Durations count from the last successful validation.
struct ageing {
    mutability kind = mutability::changing;
    std::chrono::seconds max_age{0};  ///< 0: always asked for again
    /// How much longer it may stand in for a dead upstream; absent: for ever, the last good state
    /// being better than none, and the client checking Valid-Until itself.
    std::optional<std::chrono::seconds> stale_allowance;
};

/// Judges a copy validated at `validated_at`, seen at `now`. Exactly `max_age` old is still fresh.
/// A copy validated in the future (the clock was set back) counts as validated now.
freshness judge(const ageing&, sys_seconds validated_at, sys_seconds now) noexcept;

/// Its age in the same sense, for the Age field: never negative.
std::chrono::seconds age_of(sys_seconds validated_at, sys_seconds now) noexcept;

/// Whether a client's Cache-Control insists on asking upstream ("no-cache", apt's
/// Acquire::http::No-Cache). "max-age=0" does not: apt sends it with every index.
bool insists(std::string_view cache_control) noexcept;

}  // namespace larder::core
