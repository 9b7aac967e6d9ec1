#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

/// What went wrong, as far as a caller can answer it. Each code has one HTTP status
/// (server/core/status.hpp) and one exit code (server/cli); both are switches without a default,
/// so a new code cannot be forgotten there.
enum class errc {
    absent,           ///< known not to exist: the signed index does not name it, or upstream said so
    malformed,        ///< bytes that break the rules of their format
    refused,          ///< well-formed, but not allowed (policy, allow-list, role)
    digest_mismatch,  ///< bytes are not what a verified index promised
    bad_signature,    ///< no valid signature by a trusted key
    stale,            ///< older than what was already accepted, or past its Valid-Until
    upstream_down,    ///< no mirror could be reached, or all of them broke
    timeout,          ///< a deadline passed
    too_large,        ///< over a stated limit
    full,             ///< no room left on disk or in the database
    io,               ///< the file system failed
    conflict,         ///< somebody else changed it first (compare-and-set), or holds the lock
    unsupported,      ///< valid, but nothing here can read it
    cancelled,        ///< stopped on purpose: shutdown, or the last reader left
    bad_config,       ///< wrong configuration or usage
};

/// The name of a code as it stands in logs, JSON and metrics: "digest_mismatch".
std::string_view to_string(errc) noexcept;

/// A failure a caller can answer: the code decides what happens, the detail is for people (one
/// line, no newline at the end: what, where, what to do). Never a bare string: a result<string>
/// could not tell its value from its error.
class error {
public:
    error() = default;
    error(errc code, std::string detail) : code_{code}, detail_{std::move(detail)} {}

    errc code() const noexcept { return code_; }
    const std::string& detail() const noexcept { return detail_; }

    /// The same failure, with where it happened put in front: "debian/bookworm: detail".
    error in(std::string_view where) const;

    /// "digest_mismatch: detail".
    std::string message() const;

private:
    errc code_ = errc::io;
    std::string detail_;
};

/// message(), as tests and logs print it.
std::ostream& operator<<(std::ostream&, const error&);

/// An `errc::io` (or `full` for ENOSPC/EDQUOT, `absent` for ENOENT) out of an errno value:
/// "doing what: No space left on device".
error errno_error(int err, std::string_view doing);

}  // namespace larder
