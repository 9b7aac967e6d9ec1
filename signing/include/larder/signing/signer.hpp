#pragma once

#include <larder/base/result.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace larder::signing {

/// A key that Larder signs with. The key is a text (armoured, without a passphrase) that the caller keeps, readable
/// by nobody else; nothing of it stays in a GnuPG home. Each call works in a temporary folder of its own, with a
/// gpg-agent that ends with it, and takes some 100 ms: not for an I/O thread. Thread-safe.
class signer {
public:
    /// A new one: Ed25519, for signing only, without an end. `user_id` is for people ("Larder at HOST").
    static result<signer> make(const std::string& user_id);
    /// One that secret_key() gave. `malformed` when it is none, or none that gpg can sign with.
    static result<signer> open(std::string secret_key);

    const std::string& secret_key() const noexcept { return secret_; }
    /// Armoured, as in a keyring file or a Signed-By field.
    const std::string& public_key() const noexcept { return public_; }
    /// 40 upper-case hex digits.
    const std::string& fingerprint() const noexcept { return fingerprint_; }

    /// The text as a clear-signed block, as an InRelease file is: apt and verifier::inline_signed take it. The text
    /// has no blanks at line ends and a newline at its end (OpenPGP signs neither); `malformed` else.
    result<std::string> clear_signed(std::string_view text) const;

    /// A place to sign in that is ready, which is what takes most of the time: whoever knows that there will be
    /// something to sign begins it beforehand. One thread at a time; its gpg-agent ends with it.
    class session {
    public:
        virtual ~session() = default;
        /// A text as above in both ways in which a Release is published: as an InRelease, and as an armoured
        /// Release.gpg beside it.
        struct both_ways {
            std::string clear, detached;
        };
        virtual result<both_ways> release(std::string_view text) const = 0;
    };
    result<std::unique_ptr<session>> begin() const;

private:
    signer() = default;

    std::string secret_, public_, fingerprint_;
};

}  // namespace larder::signing
