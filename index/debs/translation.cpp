#include <algorithm>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/debs/translation.hpp>
#include <openssl/evp.h>
#include <stdexcept>

namespace larder::debs {
namespace {

constexpr std::string_view md5_field = "Description-md5";

/// The name under which apt looks for a description; no hash that anything is trusted by (base/digest.hpp has those).
std::string md5_of(const std::string& text) {
    const auto line = text + "\n";
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(line.data(), line.size(), out, &size, EVP_md5(), nullptr) != 1)
        throw std::runtime_error{"OpenSSL cannot make an MD5"};
    return to_hex({reinterpret_cast<const char*>(out), size});
}

bool is_md5(std::string_view text) {
    return text.size() == 32 && std::all_of(text.begin(), text.end(),
                                            [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// The stanza with these two lines in place of its Description, and without another Description-md5.
std::string with_first_line(const paragraph& p, std::string_view first, const std::string& md5) {
    std::string text;
    const auto* const end = p.text().data() + p.text().size();
    for (std::size_t i = 0; i < p.size(); ++i) {
        const auto field = p[i];
        const auto* const next = i + 1 < p.size() ? p[i + 1].name.data() : end;
        if (iequals(field.name, md5_field)) continue;
        if (iequals(field.name, "Description"))
            text.append(field.name).append(": ").append(first).append("\n").append(md5_field).append(": " + md5 + "\n");
        else
            text.append(field.name.data(), next);
    }
    return text;
}

}  // namespace

result<split_stanza> split_description(std::string_view stanza) {
    LARDER_TRY(const auto p, paragraph::read(stanza));
    split_stanza made{p.text(), {std::string{p.get("Package")}, {}, {}}};
    const std::string text{p.get("Description")};
    if (text.empty()) return made;
    const std::string said{p.get(md5_field)};
    made.said.md5 = md5_of(text);
    if (text.find('\n') == std::string::npos && is_md5(said) && said != made.said.md5) {
        made.said.md5 = said;
        return made;
    }
    made.stanza = with_first_line(p, std::string_view{text}.substr(0, text.find('\n')), made.said.md5);
    made.said.text = text;
    return made;
}

std::string translation_stanza(const long_description& of) {
    return "Package: " + of.package + "\nDescription-md5: " + of.md5 + "\nDescription-en: " + of.text + "\n";
}

result<long_description> read_translation(std::string_view stanza) {
    LARDER_TRY(const auto p, paragraph::read(stanza));
    LARDER_TRY(const auto package, p.need("Package"));
    LARDER_TRY(const auto md5, p.need(md5_field));
    LARDER_TRY(const auto text, p.need("Description-en"));
    long_description made{std::string{package}, std::string{md5}, std::string{text}};
    if (md5_of(made.text) != made.md5)
        return error{errc::malformed, "the description of " + printable(package, 110) + " is not what its MD5 is of"};
    return made;
}

}  // namespace larder::debs
