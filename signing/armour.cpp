#include "armour.hpp"
#include <algorithm>
#include <cstdint>
#include <optional>

namespace larder::signing {

namespace {

error broken(std::string why) { return {errc::malformed, std::move(why)}; }

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::uint32_t> sextet(char c) {
    const auto at = alphabet.find(c);
    if (at == std::string_view::npos) return std::nullopt;
    return static_cast<std::uint32_t>(at);
}

/// Whole groups of four, with '=' only at the end, or nothing.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        for (std::size_t k = i; k < i + 4; ++k) {
            const auto value = k < text.size() - padding ? sextet(text[k]) : std::optional<std::uint32_t>{0};
            if (!value) return std::nullopt;
            group = (group << 6U) | *value;
        }
        for (const unsigned shift : {16U, 8U, 0U}) bytes.push_back(static_cast<char>((group >> shift) & 0xffU));
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto here = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = (group << 8U) | (k < here ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) text += k <= here ? alphabet[(group >> (18U - 6U * k)) & 0x3fU] : '=';
    }
    return text;
}

/// RFC 4880, section 6.1.
std::uint32_t crc24(std::string_view bytes) {
    std::uint32_t crc = 0xb704ceU;
    for (const char c : bytes) {
        crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 16U;
        for (int i = 0; i < 8; ++i) {
            crc <<= 1U;
            if ((crc & 0x1000000U) != 0) crc ^= 0x1864cfbU;
        }
    }
    return crc & 0xffffffU;
}

result<void> check_sum(std::string_view bytes, std::string_view line) {
    const auto sum = decode_base64(line.substr(1));
    if (!sum || sum->size() != 3) return broken("an armoured block has an odd checksum");
    std::uint32_t expected = 0;
    for (const char c : *sum) expected = (expected << 8U) | static_cast<unsigned char>(c);
    if (expected != crc24(bytes)) return broken("an armoured block does not match its checksum");
    return {};
}

/// Over "Version: …" and the like, to the blank line that must be there.
result<void> skip_headers(std::string_view& rest) {
    while (!rest.empty()) {
        const auto line = without_trailing_blanks(take_line(rest));
        if (line.empty()) return {};
        if (line.find(':') == std::string_view::npos) break;
    }
    return broken("an armoured block has no blank line before its content");
}

/// The rest of a block whose BEGIN line was taken.
result<std::string> take_block(std::string_view& rest, std::string_view end_line) {
    LARDER_CHECK(skip_headers(rest));
    std::string base64;
    std::string_view sum;
    while (!rest.empty()) {
        const auto line = without_trailing_blanks(take_line(rest));
        if (line == end_line) {
            auto bytes = decode_base64(base64);
            if (!bytes) return broken("an armoured block is not base64");
            if (!sum.empty()) LARDER_CHECK(check_sum(*bytes, sum));
            return *std::move(bytes);
        }
        if (!sum.empty()) return broken("an armoured block goes on after its checksum");
        if (line.size() == 5 && line.front() == '=')
            sum = line;
        else
            base64 += line;
    }
    return broken("an armoured block has no end");
}

}  // namespace

std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

std::string_view without_trailing_blanks(std::string_view line) {
    const auto last = line.find_last_not_of(" \t\r");
    return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string canonical_text(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 1);
    while (!text.empty()) {
        out += without_trailing_blanks(take_line(text));
        out += '\n';
    }
    return out;
}

result<std::vector<std::string>> dearmour(std::string_view text, std::string_view kind, surroundings around) {
    const std::string begin_line = "-----BEGIN " + std::string{kind} + "-----";
    const std::string end_line = "-----END " + std::string{kind} + "-----";
    std::vector<std::string> blocks;
    while (!text.empty()) {
        const auto line = without_trailing_blanks(take_line(text));
        if (line == begin_line) {
            LARDER_TRY(auto block, take_block(text, end_line));
            blocks.push_back(std::move(block));
        } else if (!line.empty() && around == surroundings::blank_lines) {
            return broken("text outside the signature");
        }
    }
    return blocks;
}

std::string armour(std::string_view bytes, std::string_view kind) {
    constexpr std::size_t line_length = 64;
    std::string out = "-----BEGIN " + std::string{kind} + "-----\n\n";
    const auto text = encode_base64(bytes);
    for (std::size_t i = 0; i < text.size(); i += line_length) out += text.substr(i, line_length) + "\n";
    const auto sum = crc24(bytes);
    const char three[] = {static_cast<char>(sum >> 16U), static_cast<char>(sum >> 8U), static_cast<char>(sum)};
    return out + "=" + encode_base64({three, 3}) + "\n-----END " + std::string{kind} + "-----\n";
}

}  // namespace larder::signing
