#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::pockets {

/// What a key does for its archive. A rotation goes from the first to the last.
enum class key_state {
    coming,   ///< clients are told of it, and it does not sign yet
    active,   ///< signs
    leaving,  ///< signs beside the active ones, until a day comes
    revoked,  ///< signs no more, and is published with its revocation
    gone,     ///< signs no more, and is published no more: what it has signed is served
};
std::string_view to_string(key_state) noexcept;

/// A key of a local archive. Its secret half is elsewhere (formats.md, keys/).
struct archive_key {
    std::string fingerprint;  ///< of its primary key, 40 upper-case hex digits
    key_state state = key_state::active;
    std::string user_id, algorithm;  ///< "ed25519", "rsa4096"
    sys_seconds made{};              ///< since when the archive has it
    std::optional<sys_seconds> expires;
    std::optional<sys_seconds> until;  ///< when one that is leaving goes; since when one is revoked or gone
    /// Of one that is leaving: the version of the keyring package from which on it has the key that follows. Empty:
    /// there is none yet.
    std::string follows;
    std::string agent_home;    ///< the GnuPG home whose agent has its secret; empty: it is kept here
    bool has_primary = false;  ///< whether the primary's secret is kept here
    bool needs_passphrase = false;
    std::string public_key;  ///< armoured
    std::string revoked;     ///< the same with its revocation in it, armoured; empty: it is not revoked

    bool signs() const noexcept { return state == key_state::active || state == key_state::leaving; }
    bool has_ended(sys_seconds now) const noexcept { return expires && *expires <= now; }
    /// What clients are given of it.
    const std::string& published() const noexcept { return revoked.empty() ? public_key : revoked; }
};

/// The keyring package of an archive.
struct keyring_package {
    std::string version;  ///< of the last that was built; empty: none was
    std::string content;  ///< SHA-256, in hex, of the keyring in it
    bool wanted = false;
};

/// An archive of one's own: what is published here and signed with its keys. A ref of its own, "local/NAME".
struct local_archive {
    std::string name;
    std::vector<archive_key> keys;  ///< in the order they came
    sys_seconds made{};
    keyring_package package;
    std::uint64_t version = 0;  ///< of the ref, for compare-and-set

    /// `absent` says which there are.
    result<archive_key*> find_key(std::string_view fingerprint);
    /// Those that sign at this moment. May be empty: then nothing can be published.
    std::vector<const archive_key*> signing(sys_seconds now) const;
    /// Those that clients are given: all that are not gone.
    std::vector<const archive_key*> published() const;
    /// What Signed-By says: fingerprints of all that a client may meet, now or next.
    std::string signed_by() const;

    std::string write() const;
    /// Also the first format, of an archive with one key.
    static result<local_archive> read(std::string_view text);
};

}  // namespace larder::pockets
