#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::signing {

/// A keyring as binary OpenPGP, whatever it came as, checked for its outer form: packets from end to
/// end, public keys, no secret one. `name` is what an error calls it.
struct keyring {
    std::string name;
    std::string packets;
};

/// `source` as verifier::open takes it: a file, or the text of an armoured block.
result<keyring> load_keyring(const std::string& source);

/// The keys out of a GnuPG keybox (kbx/keybox-blob.c in GnuPG), X.509 certificates left out.
result<std::string> read_keybox(std::string_view file);

}  // namespace larder::signing
