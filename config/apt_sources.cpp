#include "apt_parts.hpp"
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <sys/stat.h>

namespace larder::config {
namespace {

constexpr std::uint64_t largest_file = 4ULL << 20;

/// Names of a folder that apt would read, sorted; none when there is no such folder.
std::vector<std::string> parts_of(const std::string& folder, std::string_view ending, std::string_view other) {
    std::vector<std::string> names;
    std::error_code failed;
    for (std::filesystem::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed)) {
        auto name = at->path().filename().string();
        if (is_part(name, ending, other)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string joined(std::string folder, const std::string& name) {
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return folder + "/" + name;
}

/// No file is fine, an unreadable one is a note.
void read_one(const std::string& path, std::string_view architecture, apt_sources& out) {
    const auto text = read_file(path, largest_file);
    if (!text) {
        if (text.error().code() != errc::absent) out.notes.push_back(path + ": " + text.error().detail());
        return;
    }
    out.add(path.ends_with(".sources") ? parse_deb822(*text, path, architecture)
                                       : parse_one_line(*text, path, architecture));
}

bool has_bytes(const std::string& path) {
    struct stat is {};
    return ::stat(path.c_str(), &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0;
}

}  // namespace

void apt_sources::add(apt_sources more) {
    sources.insert(sources.end(), std::make_move_iterator(more.sources.begin()),
                   std::make_move_iterator(more.sources.end()));
    notes.insert(notes.end(), std::make_move_iterator(more.notes.begin()), std::make_move_iterator(more.notes.end()));
}

bool is_no(std::string_view text) {
    static constexpr std::array<std::string_view, 5> no{"no", "false", "without", "off", "disable"};
    if (text.empty()) return false;  // apt does not ask about an empty one
    // What is a number as C writes one counts as that: "00", "0x0". As in apt, one too large for an int is
    // cut to its low bits.
    const std::string number{text};
    char* end = nullptr;
    const auto value = static_cast<int>(std::strtol(number.c_str(), &end, 0));
    if (end == number.c_str() + number.size() && value == 0) return true;
    return std::any_of(no.begin(), no.end(), [text](auto n) { return iequals(text, n); });
}

std::vector<std::string> list_of(std::string_view text) {
    std::vector<std::string> out;
    for (const auto word : words(text))
        for (const auto part : split(word, ','))
            if (!part.empty()) out.emplace_back(part);
    return out;
}

std::string with_architecture(std::string_view text, std::string_view architecture) {
    static constexpr std::string_view variable = "$(ARCH)";
    std::string out;
    for (auto at = text.find(variable); at != std::string_view::npos; at = text.find(variable)) {
        out += text.substr(0, at);
        out += architecture;
        text.remove_prefix(at + variable.size());
    }
    return out += text;
}

void take(apt_source s, apt_sources& out) {
    const auto leave = [&](const std::string& why) { out.notes.push_back(s.where + ": " + why + "; left out"); };
    const auto scheme = to_lower(std::string_view{s.uri}.substr(0, s.uri.find(':')));
    if (s.uri.empty()) return leave("the URI is missing");
    if (s.suites.empty()) return leave("the suite is missing");
    if (scheme != "http" && scheme != "https")
        return leave("'" + printable(scheme, 40) + ":' is not http or https, which is all that Larder fetches");
    const bool flat = std::all_of(s.suites.begin(), s.suites.end(), [](const auto& x) { return x.ends_with('/'); });
    if (!flat && s.components.empty()) return leave("no component after the suite");
    if (flat && !s.components.empty()) return leave("a suite that ends in '/' has no components");
    out.sources.push_back(std::move(s));
}

std::string_view apt_config_arguments() {
    return "LARDER_LIST Dir::Etc::sourcelist/f LARDER_PARTS Dir::Etc::sourceparts/d LARDER_TRUSTED "
           "Dir::Etc::trusted/f LARDER_TRUSTED_PARTS Dir::Etc::trustedparts/d LARDER_PROXY Acquire::http::Proxy "
           "LARDER_VALID Acquire::Check-Valid-Until";
}

apt_settings parse_apt_config(std::string_view output) {
    apt_settings s;
    for (const auto line : split(output, '\n')) {
        const auto equals = line.find("='");
        if (equals == std::string_view::npos || !line.ends_with('\'') || line.size() < equals + 3) continue;
        const auto name = line.substr(0, equals);
        const std::string value{line.substr(equals + 2, line.size() - equals - 3)};
        if (value.empty()) continue;
        if (name == "LARDER_LIST") s.list = value;
        if (name == "LARDER_PARTS") s.parts = value;
        if (name == "LARDER_TRUSTED") s.trusted = value;
        if (name == "LARDER_TRUSTED_PARTS") s.trusted_parts = value;
        if (name == "LARDER_PROXY" && !iequals(value, "DIRECT")) s.proxy = value;
        if (name == "LARDER_VALID") s.check_valid_until = !is_no(value);
    }
    return s;
}

apt_settings apt_settings_of(const std::string& folder) {
    apt_settings s;
    s.list = joined(folder, "sources.list");
    s.parts = joined(folder, "sources.list.d");
    s.trusted = joined(folder, "trusted.gpg");
    s.trusted_parts = joined(folder, "trusted.gpg.d");
    return s;
}

bool is_part(std::string_view name, std::string_view ending, std::string_view other_ending) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || name.starts_with('.')) return false;
    const auto has = name.substr(dot + 1);
    if (has != ending && has != other_ending) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == ':' || c == '.';
    });
}

apt_sources read_apt_sources(const apt_settings& s, std::string_view architecture) {
    apt_sources out;
    read_one(s.list, architecture, out);
    for (const auto& name : parts_of(s.parts, "list", "sources")) read_one(joined(s.parts, name), architecture, out);
    return out;
}

std::vector<std::string> trusted_keyrings(const apt_settings& s) {
    std::vector<std::string> paths;
    for (const auto& name : parts_of(s.trusted_parts, "gpg", "asc"))
        if (has_bytes(joined(s.trusted_parts, name))) paths.push_back(joined(s.trusted_parts, name));
    if (has_bytes(s.trusted)) paths.push_back(s.trusted);
    return paths;
}

}  // namespace larder::config
