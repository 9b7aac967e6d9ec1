#include <algorithm>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>

namespace larder {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool control(char c) noexcept { return static_cast<unsigned char>(c) < 32 || c == 127; }

/// U+0080 to U+009F: terminals take some of them as the beginning of a command.
constexpr bool control_of_c1(std::string_view character) noexcept {
    return character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
}

constexpr bool control(std::string_view character) noexcept {
    return (character.size() == 1 && control(character[0])) || control_of_c1(character);
}

/// What stands for a byte that is no UTF-8: U+FFFD.
constexpr std::string_view replacement = "\xef\xbf\xbd";

/// How many bytes the character has that `text` (not empty) begins with; 0 when it begins with none
/// (RFC 3629, section 4: no longer form than needed, no surrogates, nothing above U+10FFFF).
constexpr std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0U) != 0x80) return 0;
    const auto second = byte(1);
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return wrong ? 0 : length;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::string to_lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = lower(c);
    return out;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    std::size_t i = 0;
    while (i < text.size()) {
        while (i < text.size() && blank(text[i])) ++i;
        const auto start = i;
        while (i < text.size() && !blank(text[i])) ++i;
        if (i > start) out.push_back(text.substr(start, i - start));
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto at = text.find(separator);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const auto& one : parts) {
        if (!all.empty()) all += ' ';
        all += one;
    }
    return all;
}

result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : result<std::string>{error{}};
            if (!byte) return error{errc::refused, "a '%' in the path is not followed by two hexadecimal digits"};
            c = byte->front();
            if (c == '/' || c == '\\') return error{errc::refused, "an encoded slash in the path"};
            i += 2;
        }
        if (c == '\0') return error{errc::refused, "a NUL in the path"};
        out += c;
    }
    return out;
}

std::string percent_encode(std::string_view path) {
    static constexpr std::string_view plain = "-._~/+:=@";
    std::string out;
    for (const char c : path) {
        const bool alnum = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
        if (alnum || plain.find(c) != std::string_view::npos)
            out += c;
        else
            (out += '%') += to_hex({&c, 1});
    }
    return out;
}

result<std::string> clean_path(std::string_view path) {
    std::string out;
    for (const auto part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return error{errc::refused, "'..' in the path"};
        for (const char c : part)
            if (control(c) || c == '\\') return error{errc::refused, "a control character or backslash in the path"};
        if (!out.empty()) out += '/';
        out += part;
    }
    if (out.empty()) return error{errc::refused, "an empty path"};
    if (out.size() > 1000) return error{errc::refused, "a path of over 1,000 bytes"};
    return out;
}

std::string html_escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = utf8_length(text);
        out += length == 0 ? replacement : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        const auto length = utf8_length(text);
        auto character = length == 0 ? replacement : text.substr(0, length);
        if (control(character)) character = "?";
        if (out.size() + character.size() > limit) break;
        out += character;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace larder
