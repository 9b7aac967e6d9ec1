#include "clearsigned.hpp"
#include "armour.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::signing {

namespace {

constexpr std::string_view message_line = "-----BEGIN PGP SIGNED MESSAGE-----";
constexpr std::string_view signature_line = "-----BEGIN PGP SIGNATURE-----";

error bad(std::string why) { return {errc::bad_signature, std::move(why)}; }

result<void> take_beginning(std::string_view& rest, std::string_view file) {
    const auto first = without_trailing_blanks(take_line(rest));
    if (first == message_line) return {};
    if (first == signature_line) return bad("a bare signature, without the text it signs");
    if (file.find(message_line) != std::string_view::npos) return bad("text outside the signature: before it");
    return bad("not a clear-signed file: it starts with \"" + printable(first, 40) + "\"");
}

/// "SHA512", "SHA256, SHA512": no room for a sentence that nobody signed.
bool is_hash_list(std::string_view value) {
    return value.size() < 80 && std::all_of(value.begin(), value.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ',' || c == ' ';
           });
}

result<void> take_hash_headers(std::string_view& rest) {
    constexpr std::string_view hash = "Hash: ";
    while (!rest.empty()) {
        const auto line = without_trailing_blanks(take_line(rest));
        if (line.empty()) return {};
        if (line.substr(0, hash.size()) != hash || !is_hash_list(line.substr(hash.size())))
            return bad("text outside the signature: a header other than Hash before the signed text");
    }
    return bad("cut off before the signed text");
}

/// Up to the signature, which stays in `rest`.
result<std::string> take_text(std::string_view& rest) {
    std::string text;
    while (!rest.empty()) {
        auto after = rest;
        auto line = without_trailing_blanks(take_line(after));
        if (line == signature_line) return text;
        if (line == message_line) return bad("two clear-signed blocks in one file");
        if (line.substr(0, 2) == "- ")
            line.remove_prefix(2);
        else if (line == "-")  // "- " with nothing after it: an escaped empty line
            line.remove_prefix(1);
        else if (!line.empty() && line.front() == '-')
            return bad("a line that starts with a dash and is not escaped, in the signed text");
        text += line;
        text += '\n';
        rest = after;
    }
    return bad("cut off: there is no signature after the text");
}

}  // namespace

result<clearsigned> split_clearsigned(std::string_view file) {
    auto rest = file;
    LARDER_CHECK(take_beginning(rest, file));
    LARDER_CHECK(take_hash_headers(rest));
    LARDER_TRY(auto text, take_text(rest));
    const auto second = rest.find(message_line);
    if (second != std::string_view::npos) return bad("two clear-signed blocks in one file");
    const auto blocks = dearmour(rest, "PGP SIGNATURE", surroundings::blank_lines);
    if (blocks.has_error()) return bad(blocks.error().detail());
    if (blocks->size() != 1) return bad("text outside the signature: a second signature block");
    return clearsigned{std::move(text), blocks->front()};
}

}  // namespace larder::signing
