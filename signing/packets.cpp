#include "packets.hpp"
#include <cstddef>
#include <optional>
#include <string>

namespace larder::signing {

namespace {

error broken() { return {errc::malformed, "OpenPGP data that is damaged, cut off or no key or signature"}; }

std::optional<std::size_t> take_number(std::string_view& in, std::size_t octets) {
    if (in.size() < octets) return std::nullopt;
    std::size_t n = 0;
    for (std::size_t i = 0; i < octets; ++i) n = (n << 8U) | static_cast<unsigned char>(in[i]);
    in.remove_prefix(octets);
    return n;
}

/// RFC 4880, section 4.2.2.
std::optional<std::size_t> take_new_length(std::string_view& in) {
    const auto first = take_number(in, 1);
    if (!first || *first < 192) return first;
    if (*first == 255) return take_number(in, 4);
    if (*first >= 224) return std::nullopt;
    const auto second = take_number(in, 1);
    if (!second) return std::nullopt;
    return ((*first - 192) << 8U) + *second + 192;
}

/// RFC 4880, section 4.2.1.
std::optional<std::size_t> take_old_length(std::string_view& in, unsigned kind) {
    if (kind == 3) return std::nullopt;
    return take_number(in, std::size_t{1} << kind);
}

/// The class of a signature, of version 3 or of 4 and later; none for a packet too short to have one.
std::optional<unsigned> signature_class(std::string_view body) {
    if (body.empty()) return std::nullopt;
    const std::size_t at = body[0] <= 3 ? 2 : 1;
    if (body.size() <= at) return std::nullopt;
    return static_cast<unsigned char>(body[at]);
}

}  // namespace

result<std::vector<packet>> split_packets(std::string_view bytes) {
    std::vector<packet> packets;
    while (!bytes.empty()) {
        const auto head = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        if ((head & 0x80U) == 0) return broken();
        const bool new_format = (head & 0x40U) != 0;
        const unsigned tag = new_format ? head & 0x3fU : (head >> 2U) & 0x0fU;
        const auto length = new_format ? take_new_length(bytes) : take_old_length(bytes, head & 3U);
        if (!length || *length > bytes.size()) return broken();
        packets.push_back({static_cast<packet_tag>(tag), bytes.substr(0, *length)});
        bytes.remove_prefix(*length);
    }
    return packets;
}

result<coverage> check_signatures(std::string_view bytes) {
    const auto packets = split_packets(bytes);
    if (packets.has_error()) return error{errc::bad_signature, packets.error().detail()};
    if (packets->empty()) return error{errc::bad_signature, "the signature block is empty"};
    auto covers = coverage::bytes;
    for (const auto& p : *packets) {
        if (p.tag != packet_tag::signature)
            return error{errc::bad_signature, "the signature block holds something other than signatures"};
        const auto signature = signature_class(p.body);
        if (!signature || *signature > 1)
            return error{errc::bad_signature, "the signature block holds a signature that is not one of a document"};
        if (*signature == 1) covers = coverage::text;
    }
    return covers;
}

}  // namespace larder::signing
