#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/debs/stanza.hpp>
#include <string>

using namespace larder;
using namespace larder::debs;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_changed(std::string_view name) {
    for (const auto* one : {"Filename", "MD5sum", "Section", "Phased-Update-Percentage"})
        if (iequals(name, one)) return true;
    return false;
}

/// All fields but the changed ones, byte for byte and in their order.
std::string rest_of(const paragraph& p) {
    std::string text;
    for (std::size_t i = 0; i < p.size(); ++i)
        if (!is_changed(p[i].name)) ((text += p[i].name) += ":") += std::string{p[i].raw} + "\n";
    return text;
}

}  // namespace

/// A first line is the value, the rest the stanza of an index that somebody else wrote.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const std::string value{text.substr(0, end)};
    const auto stanza = text.substr(end + 1);
    const auto made = change_stanza(stanza, {{"Filename", "pool/main/t/tool_1_all.deb"},
                                             {"MD5sum", ""},
                                             {"Section", value},
                                             {"Phased-Update-Percentage", "20"}});
    if (!made) return 0;
    const auto before = paragraph::read(stanza), after = paragraph::read(*made);
    require(before && after);
    require(after->get("Filename") == "pool/main/t/tool_1_all.deb" && !after->find("MD5sum"));
    require(after->get("Phased-Update-Percentage") == "20");
    require(value.empty() ? !after->find("Section") : after->get("Section") == trim(value));
    require(rest_of(*before) == rest_of(*after));
    return 0;
}
