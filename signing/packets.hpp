#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <string_view>
#include <vector>

namespace larder::signing {

/// OpenPGP packet tags that matter here (RFC 4880, section 4.3).
enum class packet_tag : std::uint8_t { signature = 2, secret_key = 5, public_key = 6, secret_subkey = 7 };

struct packet {
    packet_tag tag{};
    std::string_view body;
};

/// Cuts OpenPGP data into its packets; the bodies point into `bytes`. Data that does not end where
/// its last packet does, and lengths given piecemeal (which neither keys nor signatures may have),
/// are `malformed`.
result<std::vector<packet>> split_packets(std::string_view bytes);

/// What a document signature covers: the bytes as they are (class 0x00), or the text whatever
/// its line ends are (class 0x01).
enum class coverage { bytes, text };

/// Signature packets and nothing else, each of a document. What gpg would read out of a "signature"
/// with a message inside is that message; such data never gets to it. `bad_signature` otherwise.
/// The answer is `text` as soon as one of them is of that class.
result<coverage> check_signatures(std::string_view bytes);

}  // namespace larder::signing
