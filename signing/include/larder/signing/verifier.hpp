#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <larder/base/verified_text.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace larder::signing {

/// GnuPG itself is missing or broken: nothing can be verified, so nothing can be accepted. The text
/// says what to install.
class engine_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Readies GPGME and looks for gpg. Call it first in main, before there are threads; later calls do
/// nothing. Throws engine_error. Side effect of GPGME: a SIGPIPE left at its default is ignored from
/// then on.
void initialise();

/// One OpenPGP key (a primary key and what belongs to it) as it stood when the keyring was loaded.
struct key_info {
    std::string fingerprint;           ///< of the primary key: 40 (or 64) upper-case hex digits
    std::vector<std::string> subkeys;  ///< full fingerprints, the primary's not among them
    std::string user_id;               ///< the first one, made printable; for people, proves nothing
    sys_seconds created{};
    std::optional<sys_seconds> expires;  ///< none: never
    bool usable = false;                 ///< not revoked, expired or invalid at load
};

/// What a Release file, or a signature, may weigh at most, as in apt.
inline constexpr std::size_t max_release_size = 10'000'000;

/// What counts of a signature that is good but for its key, or subkey, having expired since: nothing, or, where
/// somebody else vouches that it had not when he verified it, as any other.
enum class expired_key { refused, taken };

/// Verifies Release files against one archive's own keyring and nothing else on the machine: not the
/// user's or the system's keys, no key server, no web of trust.
///
/// It copies the keys into a temporary folder of its own ($TMPDIR or /tmp), readable by this user
/// only, and removes that in the destructor; a change of a keyring file shows after a new open().
/// Every call starts one short-lived gpg, about 10 ms of blocking work: not for an I/O thread. No
/// gpg-agent, no dirmngr. Thread-safe: any number of calls at once, each with a context of its own.
///
/// What is accepted, and the source of the rule (apt 2.6's methods/gpgv.cc and contrib/gpgv.cc unless
/// another is named):
/// - at least one good signature by a key of the keyring. Others may be by unknown, expired, revoked
///   or weak keys: a suite is signed by several keys, of which a client has one;
/// - but none that is by a known key and wrong: then the text was changed, or the file patched up;
/// - hashes SHA-224 to SHA-512, never SHA-1, MD5 or RIPEMD-160;
/// - RSA and DSA keys of at least 2048 bits, elliptic curves of at least 255. That rule is Larder's own:
///   apt 2.6 takes a key of any size, later versions have lists of their own, which differ from one to
///   the next and do not name DSA. Below it a key can be, or soon could be, computed from its public
///   part, and who has it signs whatever states he likes;
/// - no signature that is expired, or whose key or subkey is expired or revoked *now*, whatever it was
///   at the time of signing, but for expired_key::taken. "Now" is gpg's, the machine's clock;
/// - a signature dated in the future is accepted, as gpg does: the Date of the Release is what apt,
///   and index::parse_release, hold against the clock. One older than its own key is not.
///
/// Errors, of both: `bad_signature` with what is wrong, signature by signature; `too_large` over
/// max_release_size; `malformed` for a NUL byte; `io` when the temporary folder was taken away.
/// Throws engine_error when gpg itself has gone.
class verifier {
public:
    /// `keyrings`: files, each binary OpenPGP (.gpg), a GnuPG keybox, or ASCII-armoured (.asc; text
    /// around and between the blocks is fine); what is in a file counts, not its name. Or the text of
    /// an armoured key block itself, starting with "-----BEGIN PGP PUBLIC KEY BLOCK-----". A key that
    /// stands in several is merged.
    ///
    /// Errors name the file: `absent`, `io`; `malformed` for one without a public key, empty or
    /// damaged; `refused` for one with a secret key in it; `bad_config` for no keyring at all. A key
    /// that has expired is no error here, see keys().
    static result<std::unique_ptr<verifier>> open(const std::vector<std::string>& keyrings);

    ~verifier();
    verifier(const verifier&) = delete;
    verifier& operator=(const verifier&) = delete;

    /// An InRelease file: one clear-signed block, and nothing but blank lines after it. Text before
    /// or after, a second block, a header other than Hash, or a line over 19,998 bytes (gpg drops
    /// the rest of it and calls the file good) is refused. The text that comes back is what the
    /// signature covers: dash-escapes undone, no white space at line ends (OpenPGP does not sign it,
    /// RFC 4880 section 7.1), a newline at the end.
    result<verified_text> inline_signed(std::string_view in_release, expired_key = expired_key::refused) const;

    /// A Release file and its Release.gpg: one or several armoured signature blocks and blank lines.
    /// Binary signatures are refused, as by apt. The text comes back as it is; but if a signature is one
    /// over text (class 0x01), which does not cover the form of line ends, with them as above.
    result<verified_text> detached(std::string_view release, std::string_view signature,
                                   expired_key = expired_key::refused) const;

    /// In the order of the keyrings. Never empty.
    const std::vector<key_info>& keys() const noexcept;

    /// All of them as one armoured block, as in a Signed-By field. Starts a gpg.
    result<std::string> armoured() const;

private:
    struct impl;
    explicit verifier(std::unique_ptr<impl>);
    std::unique_ptr<impl> impl_;
};

}  // namespace larder::signing
