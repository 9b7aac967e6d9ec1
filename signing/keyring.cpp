#include "keyring.hpp"
#include "armour.hpp"
#include "packets.hpp"
#include <algorithm>
#include <cstddef>
#include <larder/base/file.hpp>

namespace larder::signing {

namespace {

constexpr std::string_view armour_kind = "PGP PUBLIC KEY BLOCK";
constexpr std::string_view armour_line = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::string_view secret_line = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
constexpr std::uint64_t max_keyring_size = 32ULL << 20U;
constexpr std::size_t keybox_magic_at = 8;

bool is_keybox(std::string_view bytes) {
    return bytes.size() >= 32 && bytes.substr(keybox_magic_at, 4) == "KBXf" && bytes[4] == 1;
}

std::size_t number_at(std::string_view bytes, std::size_t at) {
    std::size_t n = 0;
    for (std::size_t i = at; i < at + 4; ++i) n = (n << 8U) | static_cast<unsigned char>(bytes[i]);
    return n;
}

error secret() {
    return {errc::refused, "holds a secret key; a keyring to verify with has only public ones (gpg --export)"};
}

result<std::string> to_binary(std::string_view bytes) {
    if (bytes.empty()) return error{errc::malformed, "is empty"};
    if (is_keybox(bytes)) return read_keybox(bytes);
    if ((static_cast<unsigned char>(bytes.front()) & 0x80U) != 0) return std::string{bytes};
    if (bytes.find(secret_line) != std::string_view::npos) return secret();
    LARDER_TRY(auto blocks, dearmour(bytes, armour_kind, surroundings::any_text));
    std::string all;
    for (const auto& block : blocks) all += block;
    return all;
}

result<void> check_keys(std::string_view packets) {
    LARDER_TRY(auto all, split_packets(packets));
    const auto has = [&](packet_tag tag) {
        return std::any_of(all.begin(), all.end(), [&](const packet& p) { return p.tag == tag; });
    };
    if (has(packet_tag::secret_key) || has(packet_tag::secret_subkey)) return secret();
    if (!has(packet_tag::public_key))
        return error{errc::malformed, "holds no OpenPGP public key (neither binary, nor a keybox, nor armoured)"};
    return {};
}

}  // namespace

result<std::string> read_keybox(std::string_view file) {
    constexpr std::size_t head = 16;  // length, type, version, flags, where the key is and its length
    constexpr char openpgp = 2;
    std::string keys;
    while (!file.empty()) {
        if (file.size() < head) return error{errc::malformed, "is a damaged keybox"};
        const auto length = number_at(file, 0);
        if (length < head || length > file.size()) return error{errc::malformed, "is a damaged keybox"};
        const auto blob = file.substr(0, length);
        if (blob[4] == openpgp) {
            const auto at = number_at(blob, 8);
            const auto size = number_at(blob, 12);
            if (at > length || size > length - at) return error{errc::malformed, "is a damaged keybox"};
            keys += blob.substr(at, size);
        }
        file.remove_prefix(length);
    }
    return keys;
}

result<keyring> load_keyring(const std::string& source) {
    const bool inline_text = source.compare(0, armour_line.size(), armour_line) == 0;
    keyring ring{inline_text ? "the key block in the configuration" : "keyring " + source, {}};
    const auto load = [&]() -> result<void> {
        if (inline_text) {
            LARDER_TRY(ring.packets, to_binary(source));
        } else {
            const auto file = read_file(source, max_keyring_size);
            if (file.has_error()) return file.error();
            LARDER_TRY(ring.packets, to_binary(*file));
        }
        return check_keys(ring.packets);
    };
    if (const auto loaded = load(); loaded.has_error()) return loaded.error().in(ring.name);
    return ring;
}

}  // namespace larder::signing
