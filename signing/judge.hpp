#pragma once

#include <gpgme.h>
#include <larder/base/result.hpp>
#include <larder/signing/verifier.hpp>
#include <map>
#include <string>
#include <vector>

namespace larder::signing {

/// What must be known of a key or subkey to judge a signature by it.
struct signing_key {
    std::string primary;  ///< full fingerprint
    gpgme_pubkey_algo_t algorithm{};
    unsigned bits = 0;
};

/// By full fingerprint, primary keys and subkeys alike.
using key_table = std::map<std::string, signing_key, std::less<>>;

/// The fingerprints for verified_text::signers(): of every good signature its key's and, where it
/// differs, its primary key's. `bad_signature` with every signature's own fault if none is good, or
/// if one is by a known key and wrong.
result<std::vector<std::string>> judge(gpgme_signature_t signatures, const key_table& keys, expired_key expired);

}  // namespace larder::signing
