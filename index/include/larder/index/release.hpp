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

/// What a Release file says. Fields that are not there are empty or false.
struct release {
    std::string origin, label, suite, codename, version, description;
    sys_seconds date;
    std::optional<sys_seconds> valid_until;
    std::vector<std::string> architectures, components;
    bool acquire_by_hash = false;
    bool not_automatic = false, but_automatic_upgrades = false;
    std::string no_support_for_architecture_all;  ///< "Packages", or empty
    std::string snapshots;                        ///< template with @SNAPSHOTID@ and @PATH@
    std::string changelogs;                       ///< template with @CHANGEPATH@
    std::string signed_by;                        ///< the keys that later Release files will be signed with
    std::vector<release_file> files;              ///< sorted by path, one a path

    /// Nothing when the Release does not name it: it does not exist, then. O(log files).
    const release_file* find(std::string_view path) const noexcept;
};

/// The one way from signed bytes to a Release. `malformed`, with the line, when: Date is missing or
/// in no form that apt takes; there is neither a SHA256 nor a SHA512 section (MD5Sum and SHA1 are not
/// even read); one path has two sizes or two hashes; a path is absolute or climbs out; a field stands
/// twice; more than one stanza. `too_large` over max_release_size.
result<release> parse_release(const verified_text&);

/// apt's rule for the suite that a source asks for: it equals Codename or Suite, or what stands
/// before its last slash does ("jammy-updates/zed"). A flat repository's ("./", "x/": ends in a slash)
/// always does.
bool matches_suite(const release&, std::string_view asked) noexcept;

}  // namespace larder::index
