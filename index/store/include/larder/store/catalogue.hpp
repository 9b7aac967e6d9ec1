#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::store {

/// What a verified index says of one file: `path` is below the archive's root.
struct claim {
    std::string path;
    digest content;
    std::uint64_t size = 0;  ///< `unknown_size` where the index gives none (SHA256SUMS)
};
inline constexpr std::uint64_t unknown_size = ~0ULL;

/// How the claims of an index stand to those that are there: those of the latest state come first, those of
/// one that was read late come behind.
enum class claims_are { latest, earlier };

/// Where an object is known from: enough to fetch it again.
struct origin {
    std::string archive;
    std::string path;
    std::uint64_t size = unknown_size;
};

/// Everything that verified indices ever said, by path and by content; derived, so that
/// `larder doctor --rebuild` can make it anew. Grows only by what changed between two states of an
/// index. Thread-safe; a look-up is one LMDB read transaction (1 to 2 µs warm).
class catalogue {
public:
    virtual ~catalogue() = default;

    /// True when all claims of this index (its content, for this archive and base folder) are in.
    virtual result<bool> knows_index(std::string_view archive, const digest& index) const = 0;
    /// Takes in the claims of one index, all or none, and marks it known. Claims already there cost
    /// one look-up. The order of `claims` does not matter (they are sorted here). An index that is known
    /// may be learnt again, when an archive goes back to what it said before.
    virtual result<void> learn(std::string_view archive, const digest& index, std::vector<claim> claims,
                               claims_are rank = claims_are::latest) = 0;

    /// What is known of a path, the latest first, at most 16; empty when no index ever named it.
    virtual result<std::vector<claim>> find(std::string_view archive, std::string_view path) const = 0;
    /// Where this content is known from, one path an archive (the one of the index learnt last); empty
    /// when no verified index ever named it.
    virtual result<std::vector<origin>> origins(const digest&) const = 0;

    /// Notes that objects were used at `now`; kept in memory and written by flush_uses().
    virtual void used(const digest&, sys_seconds now) = 0;
    virtual result<void> flush_uses() = 0;
    /// When an object was last used; nothing when that was never noted.
    virtual result<std::optional<sys_seconds>> last_use(const digest&) const = 0;
    /// Forgets them all, in one transaction.
    virtual result<void> forget_uses(const std::vector<digest>&) = 0;

    /// Small derived facts that are worth keeping over a restart (counters, negative answers). Keys have 1 to
    /// 511 bytes, values at most 1 MiB.
    virtual result<std::optional<std::string>> get_note(std::string_view key) const = 0;
    virtual result<void> put_note(std::string_view key, std::string_view value) = 0;

    /// Drops every derived table (not the refs); what `doctor --rebuild` starts with.
    virtual result<void> clear() = 0;
};

}  // namespace larder::store
