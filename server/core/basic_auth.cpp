#include "chars.hpp"
#include <larder/base/text.hpp>
#include <larder/core/basic_auth.hpp>

namespace larder::core {
namespace {

/// What follows the scheme's name and its spaces; nothing when the scheme is another.
std::optional<std::string_view> after_scheme(std::string_view field, std::string_view scheme) noexcept {
    if (field.size() <= scheme.size() || !iequals(field.substr(0, scheme.size()), scheme)) return {};
    if (field[scheme.size()] != ' ') return {};
    return trim(field.substr(scheme.size()));
}

std::optional<unsigned> sextet(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
    if (c == '+') return 62U;
    if (c == '/') return 63U;
    return {};
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return {};
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    text.remove_suffix(padding);
    std::string out;
    unsigned held = 0, bits = 0;
    for (const char c : text) {
        const auto value = sextet(c);
        if (!value) return {};
        held = (held << 6 | *value) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 0xff);
    }
    if ((held & ((1U << bits) - 1)) != 0) return {};  // bits that no byte holds: a second spelling
    return out;
}

std::optional<basic_credentials> parse_basic(std::string_view field) {
    const auto encoded = after_scheme(field, "Basic");
    if (!encoded) return {};
    const auto decoded = decode_base64(*encoded);
    if (!decoded) return {};
    const auto colon = decoded->find(':');
    if (colon == std::string::npos || !all_of(*decoded, in_value)) return {};
    return basic_credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

std::optional<std::string_view> parse_bearer(std::string_view field) noexcept {
    const auto token = after_scheme(field, "Bearer");
    if (!token || token->empty()) return {};
    for (const char c : *token)
        if (!all_of({&c, 1}, in_host) && std::string_view{"~+/="}.find(c) == std::string_view::npos) return {};
    return token;
}

std::optional<deployment_name> parse_deployment(std::string_view text) {
    const auto at = text.find('@');
    const auto name = text.substr(0, at);
    if (name.empty() || name.size() > 100 || name.front() == '.' || !all_of(name, in_host)) return {};
    deployment_name out{std::string{name}, {}};
    if (at == std::string_view::npos) return out;
    std::uint64_t generation = 0;
    if (!to_number(text.substr(at + 1), generation)) return {};
    out.generation = generation;
    return out;
}

}  // namespace larder::core
