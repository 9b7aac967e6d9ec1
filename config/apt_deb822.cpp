#include "apt_parts.hpp"
#include <larder/base/text.hpp>
#include <map>

namespace larder::config {
namespace {

/// The fields of one stanza: names in lower case, folded lines joined by newlines. (The index's own
/// deb822 is a room this one does not see, and is stricter than apt is here: comments, for one.)
struct stanza {
    std::map<std::string, std::string> fields;
    std::size_t line = 0;  ///< of its first field

    std::string get(const std::string& name) const {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string{} : found->second;
    }
    std::vector<std::string> list(const std::string& name) const { return list_of(get(name)); }
};

constexpr std::string_view armour = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// An armoured block as it was before it became a field: no leading space, " ." for an empty line.
std::string unfolded(std::string_view value) {
    std::string key;
    for (auto line : split(value, '\n')) {
        line = trim(line);
        if (line.empty() && key.empty()) continue;
        key += (line == "." ? "" : std::string{line}) + "\n";
    }
    return key;
}

void take_signed_by(const std::string& value, apt_source& s) {
    if (trim(value).starts_with(armour))
        s.inline_key = unfolded(value);
    else
        s.signed_by = list_of(value);
}

void take_stanza(const stanza& fields, std::string_view file, std::string_view architecture, apt_sources& out) {
    if (fields.fields.empty()) return;
    apt_source s;
    s.where = std::string{file} + ":" + std::to_string(fields.line);
    if (const auto enabled = fields.get("enabled"); is_no(trim(enabled))) return;
    for (const auto& type : fields.list("types")) {
        s.binary = s.binary || type == "deb";
        s.source = s.source || type == "deb-src";
    }
    if (!s.binary && !s.source) {
        out.notes.push_back(s.where + ": Types has neither deb nor deb-src; left out");
        return;
    }
    for (const auto& suite : fields.list("suites")) s.suites.push_back(with_architecture(suite, architecture));
    s.components = fields.list("components");
    s.architectures = fields.list("architectures");
    s.check_valid_until = !is_no(trim(fields.get("check-valid-until")));
    take_signed_by(fields.get("signed-by"), s);
    const auto uris = fields.list("uris");
    if (uris.empty()) out.notes.push_back(s.where + ": URIs is missing; left out");
    for (const auto& uri : uris) {
        s.uri = with_architecture(uri, architecture);
        take(s, out);
    }
}

}  // namespace

apt_sources parse_deb822(std::string_view text, std::string_view file, std::string_view architecture) {
    apt_sources out;
    stanza current;
    std::string* value = nullptr;
    std::size_t number = 0;
    const auto end_of_stanza = [&] {
        take_stanza(current, file, architecture, out);
        current = {};
        value = nullptr;
    };
    for (auto line : split(text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with('#')) continue;
        if (trim(line).empty()) {
            end_of_stanza();
        } else if (line[0] == ' ' || line[0] == '\t') {
            if (value) *value += "\n" + std::string{line};
        } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            if (current.fields.empty()) current.line = number;
            value = &current.fields[to_lower(trim(line.substr(0, colon)))];
            *value = trim(line.substr(colon + 1));
        } else {
            out.notes.push_back(std::string{file} + ":" + std::to_string(number) + ": not 'Field: value'; left out");
            value = nullptr;
        }
    }
    end_of_stanza();
    return out;
}

}  // namespace larder::config
