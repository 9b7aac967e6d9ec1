#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::signing {

struct clearsigned {
    std::string text;        ///< what the signatures are said to cover, as canonical_text
    std::string signatures;  ///< signature packets, binary
};

/// Takes a clear-signed file apart (RFC 4880, section 7), strictly: it is one block from its first
/// byte to its last but blank lines. gpg is more lenient, skips what is around the block and reads on
/// after it; so that there is never a doubt what was signed, this reading and gpg's must agree.
/// Verifies nothing. `bad_signature` with the reason.
result<clearsigned> split_clearsigned(std::string_view file);

}  // namespace larder::signing
