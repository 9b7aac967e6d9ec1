#include "judge.hpp"
#include "engine.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::signing {

namespace {

bool is_trusted(gpgme_hash_algo_t hash) {
    return hash == GPGME_MD_SHA224 || hash == GPGME_MD_SHA256 || hash == GPGME_MD_SHA384 || hash == GPGME_MD_SHA512;
}

std::string hash_name(gpgme_hash_algo_t hash) {
    if (hash == GPGME_MD_SHA1) return "SHA-1";
    if (hash == GPGME_MD_MD5) return "MD5";
    const char* name = gpgme_hash_algo_name(hash);
    return name != nullptr ? name : "unknown";
}

/// Why a key is too weak, or nothing. What is not listed was not thought about, so it does not pass.
std::string weakness(const signing_key& key) {
    const auto least = [&](const char* name, unsigned bits) {
        return key.bits >= bits ? std::string{}
                                : std::string{name} + " key of " + std::to_string(key.bits) + " bits refused, " +
                                      std::to_string(bits) + " is the least";
    };
    switch (key.algorithm) {
        case GPGME_PK_RSA:
        case GPGME_PK_RSA_S: return least("RSA", 2048);
        case GPGME_PK_DSA: return least("DSA", 2048);
        case GPGME_PK_ECC:
        case GPGME_PK_ECDSA:
        case GPGME_PK_EDDSA: return least("elliptic-curve", 255);
        default: return "unknown kind of key refused";
    }
}

/// What is wrong with a signature; empty: it is good.
std::string fault(const _gpgme_signature& s, const key_table& keys, expired_key expired) {
    const std::string name = s.fpr != nullptr ? printable(s.fpr, 64) : std::string{"of unknown name"};
    const auto code = gpgme_err_code(s.status);
    if (code == GPG_ERR_NO_PUBKEY) return "unknown key " + name;
    if (code == GPG_ERR_BAD_SIGNATURE) return "bad signature by key " + name;
    if (!is_trusted(s.hash_algo)) return hash_name(s.hash_algo) + " hash refused, in a signature by key " + name;
    switch (code) {
        case GPG_ERR_NO_ERROR: break;
        case GPG_ERR_KEY_EXPIRED:
            if (expired == expired_key::taken) break;
            return "expired key " + name;
        case GPG_ERR_CERT_REVOKED: return "revoked key " + name;
        case GPG_ERR_SIG_EXPIRED: return "expired signature by key " + name;
        default: return "signature by key " + name + " cannot be checked: " + explain(s.status);
    }
    if (s.wrong_key_usage) return "key " + name + " is not for signing";
    const auto key = keys.find(name);
    if (key == keys.end()) return "unknown key " + name;
    const auto weak = weakness(key->second);
    return weak.empty() ? weak : weak + ": key " + name;
}

void add(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

result<std::vector<std::string>> judge(gpgme_signature_t signatures, const key_table& keys, expired_key expired) {
    std::vector<std::string> signers;
    std::string faults;
    bool forged = false;
    for (auto s = signatures; s != nullptr; s = s->next) {
        const auto wrong = fault(*s, keys, expired);
        if (wrong.empty()) {
            add(signers, s->fpr);
            add(signers, keys.find(s->fpr)->second.primary);
            continue;
        }
        if (!faults.empty()) faults += "; ";
        faults += wrong;
        forged = forged || gpgme_err_code(s->status) == GPG_ERR_BAD_SIGNATURE;
    }
    if (forged && !signers.empty()) faults += " (beside a good one: the file was tampered with)";
    if (signers.empty() || forged)
        return error{errc::bad_signature, faults.empty() ? "gpg finds no signature it can read" : faults};
    return signers;
}

}  // namespace larder::signing
