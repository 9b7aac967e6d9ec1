#include "apt_parts.hpp"
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>

namespace larder::config {
namespace {

/// "st%61ble" is "stable". What apt-pkg has decoded ends at a NUL, as a C string does.
std::string decoded(std::string_view word) {
    std::string out;
    while (!word.empty()) {
        const auto byte = word.front() == '%' && word.size() > 2 ? from_hex(word.substr(1, 2))
                                                                 : result<std::string>{error{errc::absent, ""}};
        out += byte ? byte->front() : word.front();
        word.remove_prefix(byte ? 3 : 1);
    }
    return out.substr(0, out.find('\0'));
}

/// The next word, as apt-pkg's ParseQuoteWord takes it: quotes and brackets may hold spaces ("cdrom:[Debian
/// 12]/"), quotes are dropped, %xx is decoded. Empty at the end of the line, and for a quote or bracket that
/// never ends.
std::string next_word(std::string_view& line) {
    line = trim(line);
    std::size_t end = 0;
    for (; end < line.size() && line[end] != ' ' && line[end] != '\t'; ++end) {
        const char closing = line[end] == '"' ? '"' : line[end] == '[' ? ']' : '\0';
        if (closing == '\0') continue;
        end = line.find(closing, end + 1);
        if (end == std::string_view::npos) return {};
    }
    std::string word{line.substr(0, end)};
    line.remove_prefix(end);
    std::erase(word, '"');
    return decoded(word);
}

/// A URI without what cannot stand in one: apt encodes it again when it asks for it.
std::string encoded(std::string_view uri) {
    std::string out;
    for (const char c : uri) {
        const bool never = c <= ' ' || c >= '\x7f' || std::string_view{"\"<>\\^`{|}"}.find(c) != std::string_view::npos;
        out += never ? "%" + to_hex({&c, 1}) : std::string(1, c);
    }
    return out;
}

/// "[ arch=amd64 signed-by=/x.gpg ]" at the front of the line; false when it never ends.
bool take_options(std::string_view& line, apt_source& s) {
    line = trim(line);
    if (!line.starts_with('[')) return true;
    const auto close = line.find(']');
    if (close == std::string_view::npos) return false;
    for (const auto word : words(line.substr(1, close - 1))) {
        const std::string option = decoded(word);
        const auto equals = option.find('=');
        if (equals == std::string::npos) continue;
        const auto values = list_of(option.substr(equals + 1));
        auto name = to_lower(option.substr(0, equals));
        const bool takes_away = name.ends_with('-');
        if (takes_away || name.ends_with('+')) name.pop_back();
        if (takes_away) continue;  // "arch-=i386": less than the machine's own; the draft may offer more
        if (name == "arch" && !option.substr(0, equals).ends_with('+')) s.architectures = values;
        if (name == "signed-by") s.signed_by = values;
        if (name == "check-valid-until" && !values.empty()) s.check_valid_until = !is_no(values[0]);
    }
    line.remove_prefix(close + 1);
    return true;
}

void take_line(std::string_view line, const std::string& where, std::string_view architecture, apt_sources& out) {
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) return;
    apt_source s;
    s.where = where;
    const auto type = next_word(line);
    s.binary = type == "deb";
    s.source = type == "deb-src";
    if (!s.binary && !s.source) {
        out.notes.push_back(where + ": '" + printable(type, 40) + "' is neither deb nor deb-src; left out");
        return;
    }
    if (!take_options(line, s)) {
        out.notes.push_back(where + ": the options' ']' is missing; left out");
        return;
    }
    s.uri = encoded(with_architecture(next_word(line), architecture));
    if (const auto suite = next_word(line); !suite.empty()) s.suites.push_back(with_architecture(suite, architecture));
    for (auto component = next_word(line); !component.empty(); component = next_word(line))
        s.components.push_back(std::move(component));
    take(std::move(s), out);
}

}  // namespace

apt_sources parse_one_line(std::string_view text, std::string_view file, std::string_view architecture) {
    apt_sources out;
    std::size_t number = 0;
    for (const auto line : split(text, '\n'))
        take_line(line, std::string{file} + ":" + std::to_string(++number), architecture, out);
    return out;
}

}  // namespace larder::config
