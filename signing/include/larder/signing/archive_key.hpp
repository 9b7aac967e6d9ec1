#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Keys that an archive is signed with, over years: made, taken in, taken apart, ended, revoked; and signing with
// several of them at once. The secret halves are texts (armoured) that the caller keeps, readable by nobody else, or
// they lie in a gpg-agent of somebody's, with a smartcard perhaps. Nothing of a text stays in a GnuPG home: each call
// works in a temporary folder of its own, with a gpg-agent that ends with it. Each takes from 50 to 200 ms (an RSA key
// a second or more to make): not for an I/O thread. Thread-safe.

namespace larder::signing {

enum class key_algorithm { ed25519, rsa4096 };
std::string_view to_string(key_algorithm) noexcept;
/// `refused` for another name.
result<key_algorithm> parse_algorithm(std::string_view);

/// A key that can be signed with.
struct secret_key {
    std::string fingerprint;  ///< of its primary key, 40 upper-case hex digits
    std::string text;         ///< armoured, with or without the primary's secret; empty: it lies in an agent
    std::string agent_home;   ///< the GnuPG home whose agent has it; empty: it is the text
    std::string passphrase;   ///< of the text, or for the agent; empty: none is given
};

/// What there is to know of one.
struct key_facts {
    std::string fingerprint, user_id;
    std::string algorithm;                ///< as gpg has it: "ed25519", "rsa4096"
    std::vector<std::string> signs_with;  ///< fingerprints of what of it can sign now, subkeys or the primary
    sys_seconds created{};
    std::optional<sys_seconds> expires;  ///< the earliest end: of the primary, or of the last subkey that can sign
    bool has_primary = false;            ///< whether the secret of the primary is there: it can be changed and revoked
    bool needs_passphrase = false;
    std::string public_key;  ///< armoured
};

/// A new key: a primary that certifies only, with a subkey that signs, no passphrase. It ends at `expires`, which lies
/// ahead. `user_id` is for people ("cloud archive").
struct made_key {
    key_facts facts;
    std::string secret;
    std::string revocation;  ///< the certificate that revokes it, armoured: without a reason, to be kept
};
result<made_key> make_archive_key(const std::string& user_id, key_algorithm, std::optional<sys_seconds> expires);

/// What an armoured or binary secret key is, and whether something can be signed with it, which is tried. The text that
/// comes back beside the facts is what to keep. `malformed` when it holds no secret key; `refused`: several keys, none
/// that signs, a passphrase that is missing or wrong.
struct read_key {
    key_facts facts;
    std::string secret;
};
result<read_key> read_secret_key(std::string_view text, const std::string& passphrase);
/// The same of a key in an agent, of the GnuPG home that knows its public half. It is signed with, too: a smartcard
/// asks for its PIN as its agent has it.
result<key_facts> read_agent_key(const secret_key&);

/// The text without the primary's secret. `refused` where it has none.
result<std::string> without_primary(const secret_key&);
/// The text with another end (none: never) of the primary and all that signs. `refused` without the primary's secret.
result<read_key> with_expiry(const secret_key&, std::optional<sys_seconds> expires);
/// The certificate that revokes it, armoured, without a reason. `refused` without the primary's secret.
result<std::string> make_revocation(const secret_key&);
/// The public key with the certificate in it. `refused` when it is none of this key.
result<std::string> revoked_key(const std::string& public_key, const std::string& revocation);

/// A public key as it was, and as it is: with what it has said of itself at both times. sqv, by which apt verifies from
/// 3.0 on, judges a signature by what its key said when it was made; and gpg forgets that when it sets another end.
result<std::string> merged_key(const std::string& before, const std::string& now);

/// Public keys, armoured, as one block, in the order given.
result<std::string> joined_keys(const std::vector<std::string>& armoured);
/// The same, binary: a keyring file of apt's (.gpg).
result<std::string> binary_keys(const std::vector<std::string>& armoured);

/// Removes the places that were left by processes that were killed more than a minute ago, with the copies of secrets
/// in them. Each new place does it, too.
void sweep_signing_places();

/// A place to sign in that is ready, which is what takes most of the time. One thread at a time. Its agent, and the
/// copies of the secrets, go with it; after a kill -9 what is left in the temporary folder goes with the next call.
class signing_session {
public:
    /// `refused` for no key; `malformed`, or GnuPG's own words, for what cannot be signed with.
    static result<std::unique_ptr<signing_session>> begin(const std::vector<secret_key>&);
    virtual ~signing_session() = default;

    /// A text in both ways in which a Release is published: as an InRelease, and as an armoured Release.gpg beside it;
    /// each one block, with the signatures of all keys. The text has no blanks at line ends and a newline at its end;
    /// `malformed` else. All keys sign or it fails.
    struct both_ways {
        std::string clear, detached;
        std::vector<std::string> signers;  ///< fingerprints of what signed, subkeys and their primaries; sorted
    };
    virtual result<both_ways> release(std::string_view text) const = 0;
    /// Does beforehand what needs no text, which is most of it: the next release() takes a third of the time.
    virtual void prepare() const {}
};

}  // namespace larder::signing
