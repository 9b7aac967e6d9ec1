#pragma once

#include "engine.hpp"
#include "gpg_home.hpp"
#include <atomic>
#include <larder/base/clock.hpp>
#include <larder/signing/archive_key.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder::signing {

/// GnuPG's words for what went wrong; throws engine_error when there is no gpg at all.
error gpg_failed(std::string_view doing, gpgme_error_t err);
bool is_error(gpgme_error_t err);

/// Passphrases, by the last 16 digits of primary keys' fingerprints; asked for by gpg through GPGME's callback. It
/// stays where it is while a context has it.
class passphrases {
public:
    passphrases() = default;
    passphrases(const passphrases&) = delete;
    passphrases& operator=(const passphrases&) = delete;

    void add(const secret_key&);
    /// For a key whose fingerprint is not known yet.
    void add_any(const std::string& passphrase) { any_ = passphrase; }
    void serve(const context& ctx);
    bool empty() const noexcept { return by_key_.empty() && any_.empty(); }
    /// Whether gpg has asked for one.
    bool asked() const noexcept { return asked_; }

private:
    static gpgme_error_t answer(void* hook, const char* hint, const char* info, int was_bad, int fd);

    std::map<std::string, std::string> by_key_;
    std::string any_;
    std::atomic<bool> asked_ = false;  ///< two gpgs sign at once
};

/// A GnuPG home in which secrets are: one of our own, that goes with it, or somebody's.
class secret_home {
public:
    static result<std::unique_ptr<secret_home>> make();
    static std::unique_ptr<secret_home> of(const std::string& path);

    /// A context there; it must not outlive the home.
    context open() const;
    /// Imports; the fingerprints of the keys that came. `malformed` where there is no secret key in it.
    result<std::vector<std::string>> import_secret(std::string_view text);
    /// `absent` where there is none, with its secret or a part of it.
    result<key> find(const std::string& fingerprint) const;
    /// All of these, in their order, by one gpg.
    result<std::vector<key>> find_all(const std::vector<std::string>& fingerprints) const;
    result<std::string> export_key(const std::string& fingerprint, gpgme_export_mode_t mode) const;

    passphrases& words() noexcept { return words_; }
    const std::string& path() const noexcept { return path_; }

private:
    secret_home() = default;

    std::optional<gpg_home> own_;
    std::string path_;
    mutable passphrases words_;
};

/// Without the public key, which export_key() has.
key_facts facts_of(const _gpgme_key& k);

/// Signs a text with this key, to see whether that can be done.
result<void> try_key(const secret_home& home, const key& with);

/// In seconds from now, as GPGME wants it; 0: never. At least one second.
unsigned long lifetime_until(std::optional<sys_seconds> expires);

}  // namespace larder::signing
