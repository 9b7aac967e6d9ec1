#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/base/verified_text.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::index {

/// What apt refuses to read more of (Release and InRelease; tried on 2.6.2).
inline constexpr std::uint64_t max_release_size = 10'000'000;

/// One file that a Release file answers for. At least one of the two hashes is there.
struct release_file {
    std::string path;              ///< below the suite's folder, in the form of clean_path
    std::uint64_t size = 0;        ///< bytes
    std::optional<digest> sha256;  ///< absent when only a SHA512 section names the file
    std::string sha512;            ///< 128 lower-case hex digits, or empty
};

/// What a Release file says, as far as anything here asks for it. Fields that are not there are empty
/// or false.
struct release {
    std::string suite, codename;
    sys_seconds date;
    std::optional<sys_seconds> valid_until;
    std::vector<std::string> architectures, components;
    bool acquire_by_hash = false;
    /// "No-Support-for-Architecture-all: Packages": the packages for "all" stand in each architecture's
    /// index too, and apt does not fetch binary-all of its own accord.
    bool all_is_in_each = false;
    std::vector<release_file> files;  ///< sorted by path, one a path
    std::size_t left_out = 0;         ///< paths and lines that could not be used

    /// Nothing when the Release does not name it: it does not exist, then. O(log files).
    const release_file* find(std::string_view path) const noexcept;
};

/// The one way from signed bytes to a Release. As tolerant as apt where that keeps nothing unverified:
/// of a field that stands twice the last counts, stanzas after the first are not read, and a line of a
/// section that is no hash, size and path inside the suite is left out and counted. So is a path with
/// two sizes, or two hashes of one kind: neither can be trusted.
///
/// `malformed`, with what and where, when: Date is missing or in no form that parse_release_date reads
/// (apt only warns; but without it nothing would keep a mirror from going back to an earlier state);
/// Valid-Until is there and cannot be read; there is neither a SHA256 nor a SHA512 section (MD5Sum and
/// SHA1 are not even read), or nothing in them can be used. `too_large` over max_release_size.
result<release> parse_release(const verified_text&);

/// Whether this may be the Release of the suite that a source asks for: as with apt (metaIndex::CheckDist),
/// Codename or Suite equals it, or what stands before its last slash ("jammy-updates/zed"). One that has
/// neither field may be any suite's. Where apt only warns ("Conflicting distribution"), the caller
/// decides what a mismatch means.
///
/// A flat repository's ("./", "/", "x/") always may. apt takes anything for the first two, and compares
/// "x/" as "x"; but which part of the path a client wrote as its suite ("URL/x ./" or "URL x/") cannot be
/// seen from what it asks for.
bool matches_suite(const release&, std::string_view asked) noexcept;

}  // namespace larder::index
