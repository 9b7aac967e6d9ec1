#pragma once

#include <chrono>
#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/pockets/archive_key.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::pockets {

/// Who may upload packages to a pocket: a key, which stands in a ref of its own, "uploader/ARCHIVE/SUITE#FINGERPRINT".
struct uploader {
    std::string fingerprint;  ///< of the primary key
    std::string user_id;      ///< for people

    bool operator==(const uploader&) const = default;
};

/// What a pocket says of a package in place of what the package says of itself. Empty: nothing.
struct override_words {
    std::string section, priority;
    std::optional<unsigned> phased;  ///< Phased-Update-Percentage, 0 to 100

    bool empty() const { return section.empty() && priority.empty() && !phased; }
    bool operator==(const override_words&) const = default;
};

/// A suite of a local archive: "cloud-archive/bookworm-folsom-proposed". A ref of its own,
/// "pocket/ARCHIVE/SUITE".
struct pocket {
    std::string archive, suite;
    std::string base;   ///< "debian/bookworm": what its packages are installed beside; empty: nothing
    std::string feeds;  ///< the pocket, of the same archive, that it is promoted to; empty: none
    std::vector<std::string> components;
    std::vector<std::string> architectures;  ///< "source" among them where it has sources; never "all"
    std::string origin, label, description;
    std::string release_version;                 ///< the Release's Version
    std::optional<sys_seconds> supported_until;  ///< the beginning of the day after its last
    std::string upgrades_from;                   ///< "ARCHIVE/SUITE" of the release before it
    bool not_automatic = false, but_automatic_upgrades = false;
    std::chrono::seconds valid_for{0};       ///< how far Valid-Until lies behind Date; 0: there is none
    std::string changelogs;                  ///< the Release's Changelogs: a URL with @CHANGEPATH@, for `apt changelog`
    bool xz = false;                         ///< its indices are published as .xz, too
    bool translations = false;               ///< long descriptions stand in Translation-en
    bool contents = false;                   ///< it has Contents
    bool needs_source = false;               ///< a binary package is refused whose source is not there
    std::string frozen;                      ///< why nothing may change; empty: it may
    std::vector<uploader> uploaders;         ///< none: it takes no uploads
    bool upload_token = false;               ///< an upload over HTTP needs a token with the role upload, too
    std::string incoming;                    ///< a folder in which uploads are looked for; empty: none
    std::vector<std::string> distributions;  ///< what an upload's Distribution may be beside the suite
    /// By the name of a binary package, or "src:NAME".
    std::map<std::string, override_words, std::less<>> overrides;
    std::uint64_t head = 0;     ///< number of its last publication; 0: none yet
    std::uint64_t version = 0;  ///< of the ref, for compare-and-set

    std::string name() const { return archive + "/" + suite; }
    bool has_architecture(std::string_view one) const;

    std::string write() const;
    /// `malformed` names the field; `unsupported`: of a newer Larder.
    static result<pocket> read(std::string_view text);
};

/// So long before the last day it is warned of.
inline constexpr std::chrono::hours warned_before{60 * 24};
bool support_has_ended(const pocket& of, sys_seconds now);
/// "the support of cloud-archive/bookworm-folsom ends on 2027-04-30, in 12 days", or that it ended; empty as long as
/// that is far off.
std::string support_warning(const pocket& of, sys_seconds now);

/// "cloud-archive/bookworm-folsom", or a suite that holds slashes itself: the archive ends at the first.
struct pocket_name {
    std::string archive, suite;
};
/// `refused`, with what such a name is.
result<pocket_name> parse_pocket_name(std::string_view text);

/// Whether it can be a component, and a path segment: letters, digits, '.', '-', '_' and '+', and no dot in front.
result<void> check_component(std::string_view text);
/// Whether it is written as dpkg's architectures are.
result<void> check_architecture(std::string_view text);

}  // namespace larder::pockets
