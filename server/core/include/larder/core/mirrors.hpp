#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <larder/base/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::core {

/// Which mirror to ask next, from which byte, and when to stop: a state machine fed with outcomes.
/// It does no I/O and reads no clock; steady time is passed in.

using steady_time = std::chrono::steady_clock::time_point;

/// How one transfer from one mirror ended.
enum class transfer {
    ok,               ///< complete and, where a hash was promised, verified
    connect_failed,   ///< no name, no route, refused, TLS failed
    timed_out,        ///< no byte for too long, or no answer
    reset,            ///< broke off in mid-file
    status,           ///< answered with something else than the file; `outcome::status` says what
    wrong_length,     ///< announced or sent another size than the index promises
    wrong_range,      ///< asked for the rest, sent something else (or 416)
    digest_mismatch,  ///< all bytes are here, and they are the wrong ones
    refused,          ///< our own rules forbade it: a redirect, an address
};
std::string_view to_string(transfer) noexcept;

struct outcome {
    outcome() = default;
    outcome(transfer k, std::uint64_t bytes = 0) : kind{k}, received{bytes} {}

    transfer kind = transfer::ok;
    std::uint64_t received = 0;                            ///< body bytes that this transfer added behind its offset
    int status = 0;                                        ///< for transfer::status
    std::string detail;                                    ///< one line, for the log and the error
    std::optional<std::chrono::milliseconds> first_byte;   ///< from asking to the first byte of the answer
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the mirror asked for
};

/// What is known of one mirror, over all its transfers.
struct mirror_state {
    unsigned failures = 0;                             ///< in a row; 0 is healthy
    steady_time until{};                               ///< not before then, if another mirror will do
    std::string last_error;                            ///< the latest, also when it is healthy again; empty: never one
    std::uint64_t mismatches = 0;                      ///< times it sent wrong bytes
    std::optional<std::chrono::milliseconds> latency;  ///< to the first byte, moving average (1/8 new)
};

/// The health of one archive's mirrors. Not thread-safe: one owner.
class mirror_set {
public:
    explicit mirror_set(std::size_t count) : states_(count) {}

    /// All mirrors in the order to try them: the healthy ones as configured, then those backing off,
    /// the one whose wait ends first before the others. Never shorter than the set: when all are
    /// backing off, somebody has to find out that they are back.
    std::vector<std::size_t> order(steady_time now) const;

    /// Failures that speak against the machine (no connection, time-out, reset without a byte, 429,
    /// 5xx) make it wait 1 s, doubling to 60 s, or as long as it asked, at most 10 minutes. Whatever
    /// it answered otherwise, a 404 too, shows that it is alive.
    void report(std::size_t mirror, const outcome&, steady_time now);

    const mirror_state& state(std::size_t mirror) const { return states_.at(mirror); }
    std::size_t size() const noexcept { return states_.size(); }

private:
    std::vector<mirror_state> states_;
};

/// What the index knows of the file to be fetched.
enum class promise {
    none,      ///< InRelease, Release: it may be absent, and pieces of two answers never fit together
    verified,  ///< a verified index names its hash: pieces may be joined, the hash decides; a mirror
               ///< that says 404 is behind or broken, and "absent" is never the answer
};

struct plan_limits {
    unsigned rounds = 3;                     ///< over all mirrors; 0 counts as 1
    std::chrono::milliseconds backoff{250};  ///< before the second round; doubles
    std::chrono::milliseconds most{10'000};  ///< the longest wait between rounds, below apt's 30 s
    unsigned most_transfers = 100;           ///< whatever happens
    std::uint64_t progress = 64 * 1024;      ///< a broken transfer that brought this much is not counted
};

/// What to do now.
struct step {
    enum class action {
        fetch,    ///< from `mirror`, starting at byte `offset`, after waiting `wait`
        done,     ///< the last outcome was ok
        give_up,  ///< with `why`
    };
    action what = action::give_up;
    std::size_t mirror = 0;
    std::uint64_t offset = 0;
    std::chrono::milliseconds wait{0};
    error why;
};

/// One fetch of one file. Ask next(), do it, report() how it ended, and so on; next() changes nothing.
///
/// A step starts at byte `offset`; once its first byte comes, whatever is held beyond that is thrown
/// away or, where clients have it already, compared with what comes.
///
/// It ends `absent` only when every mirror that could be reached said 404 and nothing was promised;
/// otherwise as the last failure did: `upstream_down`, `timeout`, `digest_mismatch` or `refused`.
/// Mirrors that only could not be reached are not waited for through further rounds when the others
/// said 404.
class mirror_plan {
public:
    mirror_plan(std::vector<std::size_t> order, promise, plan_limits = {});

    step next() const;
    void report(const outcome&);

private:
    struct candidate {
        std::size_t mirror = 0;
        bool out = false;      ///< for this file
        bool resumes = true;   ///< not known to ignore Range
        bool missing = false;  ///< said 404 or 410
        bool reached = false;  ///< ever answered
    };

    bool resumable() const noexcept;
    void advance();
    void take_bytes(std::uint64_t offset, std::uint64_t received);
    void take_status(candidate&, const outcome&, std::uint64_t offset);
    void take_wrong_range(candidate&, std::uint64_t offset);
    void take_broken(candidate&, const outcome&);
    void take_mismatch(candidate&);
    bool all_missing() const noexcept;
    bool known_absent() const noexcept;
    error verdict() const;

    std::vector<candidate> candidates_;
    promise promise_;
    plan_limits limits_;
    std::size_t at_ = 0;
    unsigned round_ = 0, transfers_ = 0;
    std::uint64_t held_ = 0;
    std::optional<std::size_t> source_;  ///< candidate that all held bytes came from
    bool mixed_ = false;                 ///< held bytes come from several mirrors
    bool join_ = true;                   ///< pieces may be joined
    bool done_ = false;
    bool repeat_ = false;                 ///< stay with this mirror: it was making progress
    std::chrono::milliseconds wait_{0};   ///< before the next transfer
    std::chrono::milliseconds asked_{0};  ///< the longest Retry-After of this round
    error last_;
};

}  // namespace larder::core
