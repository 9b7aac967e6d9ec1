#pragma once

#include "deployments/rounds.hpp"
#include <future>
#include <larder/pockets/archive_key.hpp>
#include <larder/signing/archive_key.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace larder::net {

/// The secret halves of the keys that local archives are signed with, and signing with them. In the store's folder,
/// which only its user may read: keys/archive-NAME+FINGERPRINT.key, and .rev, the certificate that revokes it; of an
/// archive that was made with one key, keys/archive-NAME.key. Passphrases are systemd's credentials
/// larder-key-NAME-FINGERPRINT, or larder-key-NAME ($CREDENTIALS_DIRECTORY). Thread-safe; blocks.
class archive_keys {
public:
    explicit archive_keys(std::string store_path);

    /// Keeps a secret, durably. What was there of this key is replaced. `revocation` may be empty.
    result<void> keep(const std::string& archive, const std::string& fingerprint, const std::string& secret,
                      const std::string& revocation);
    /// What it signs with. `absent` says where it should be.
    result<signing::secret_key> secret_of(const std::string& archive, const pockets::archive_key& of) const;
    /// `absent` where there is none.
    result<std::string> revocation_of(const std::string& archive, const std::string& fingerprint) const;
    /// Empty where none is given.
    static std::string passphrase_of(const std::string& archive, const std::string& fingerprint);

    /// Makes ready to sign with these keys, beside what else there is to do; what a publication needs within a minute
    /// after another is ready already. No longer than that do secrets lie in a GnuPG home.
    class desk {
    public:
        /// Signs, by all of them; blocks until it is ready. Several threads wait for each other. A key of an
        /// agent that is on its way out, and does not sign (its card was taken away), is left out.
        result<signing::signing_session::both_ways> release(std::string_view text);

    private:
        friend class archive_keys;
        using opened = result<std::shared_ptr<const signing::signing_session>>;
        void begin(std::vector<signing::secret_key> keys);
        result<signing::signing_session::both_ways> sign(std::string_view text);

        std::vector<signing::secret_key> keys_, staying_;  ///< all; without agents' that are on their way out
        std::mutex mutex_;
        std::shared_future<opened> session_;
        std::chrono::steady_clock::time_point used_ = std::chrono::steady_clock::now();  ///< of archive_keys::mutex_
    };
    /// `refused` where no key signs at this moment.
    result<std::shared_ptr<desk>> begin(const pockets::local_archive& of, sys_seconds now);

    /// Held while something is published in the archive, or its keys change: who comes meanwhile waits, and is not told
    /// that it was changed.
    std::mutex& turn(const std::string& archive);

    /// What /keys/NAME.asc says: set whenever it changes. Empty for no archive.
    void publish(const std::string& archive, std::string armoured);
    std::string published(const std::string& archive) const;

private:
    std::string path_of(const std::string& archive, const std::string& fingerprint, const char* ending) const;
    /// Closes what was not used for a while.
    pinning::rounds::clock::time_point close_idle();

    const std::string folder_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<desk>> desks_;  ///< by archive
    std::map<std::string, std::string> published_;
    std::map<std::string, std::mutex> turns_;
    pinning::rounds closing_;  ///< the last: it ends before what it looks at
};

}  // namespace larder::net
