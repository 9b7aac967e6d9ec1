#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/index/deb822.hpp>
#include <limits>

namespace larder::debs {
namespace {

error at(std::size_t line, const std::string& what) {
    return {errc::malformed, "line " + std::to_string(line) + ": " + what};
}

/// Debian Policy 5.1: printable ASCII but space and colon, and not beginning with '#' or '-'.
bool is_name(std::string_view name) noexcept {
    if (name.empty() || name.front() == '#' || name.front() == '-') return false;
    return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127 && c != ':'; });
}

/// Why a line may not be; `first`: no field stands above it.
result<void> check_line(std::string_view line, std::size_t number, bool first) {
    if (line.empty()) return at(number, "a second paragraph begins: one is expected");
    if (line.find_first_of(std::string_view{"\0\r", 2}) != std::string_view::npos)
        return at(number, "a NUL or carriage return");
    if (line.front() == ' ' || line.front() == '\t') {
        if (first) return at(number, "a continuation of no field");
        if (trim(line).empty()) return at(number, "a line of blanks, where an empty one is written ' .'");
        return {};
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
        return at(number, "no field, and no continuation of one: '" + printable(line, 60) + "'");
    if (!is_name(line.substr(0, colon)))
        return at(number, "'" + printable(line.substr(0, colon), 60) + "' is no field's name");
    return {};
}

/// How many fields there are, each line being sound.
result<std::size_t> check_lines(std::string_view text, std::size_t number) {
    std::size_t fields = 0;
    for (; !text.empty(); ++number) {
        const auto line = text.substr(0, text.find('\n'));
        LARDER_CHECK(check_line(line, number, fields == 0));
        if (line.front() != ' ' && line.front() != '\t') ++fields;
        text.remove_prefix(line.size() + 1);
    }
    return fields;
}

std::string first_repeated(std::string_view text) {
    std::vector<std::string> seen;
    for (const auto line : split(text, '\n')) {
        if (line.empty() || line.front() == ' ' || line.front() == '\t') continue;
        auto name = to_lower(line.substr(0, line.find(':')));
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) return printable(name, 60);
        seen.push_back(std::move(name));
    }
    return {};
}

}  // namespace

result<paragraph> paragraph::read(std::string_view text, paragraph_limits limits) {
    const auto most = std::min<std::size_t>(limits.bytes, std::numeric_limits<std::uint32_t>::max());
    if (text.size() > most) return error{errc::too_large, "control data of over " + std::to_string(most) + " bytes"};
    const auto begin = std::min(text.find_first_not_of('\n'), text.size());
    const auto end = text.find_last_not_of('\n');
    if (end == std::string_view::npos) return error{errc::malformed, "there is no control data in it"};
    paragraph made;
    made.text_ = text.substr(begin, end + 1 - begin);
    made.text_ += '\n';
    LARDER_TRY(const auto fields, check_lines(made.text_, begin + 1));
    index::deb822_reader reader{made.text_, index::comments::refused, {limits.fields, most}};
    index::stanza stanza;
    LARDER_CHECK(reader.next(stanza));
    if (stanza.fields().size() != fields)
        return error{errc::malformed, "the field '" + first_repeated(made.text_) + "' stands twice"};
    made.note_places(stanza);
    return made;
}

void paragraph::note_places(const index::stanza& stanza) {
    const auto offset = [&](const char* p) { return static_cast<std::uint32_t>(p - text_.data()); };
    for (const auto& f : stanza.fields()) {
        const auto name = offset(f.name.data());
        const auto name_end = name + static_cast<std::uint32_t>(f.name.size());
        if (!places_.empty()) places_.back().raw_end = name - 1;
        places_.push_back({name, name_end, 0});
    }
    places_.back().raw_end = static_cast<std::uint32_t>(text_.size()) - 1;
}

paragraph::field paragraph::operator[](std::size_t i) const noexcept {
    const auto& p = places_[i];
    const std::string_view all{text_};
    const auto raw = all.substr(p.name_end + 1, p.raw_end - p.name_end - 1);
    return {all.substr(p.name, p.name_end - p.name), trim(raw), raw};
}

std::optional<paragraph::field> paragraph::find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < size(); ++i)
        if (const auto f = (*this)[i]; iequals(f.name, name)) return f;
    return {};
}

std::string_view paragraph::get(std::string_view name) const noexcept {
    const auto f = find(name);
    return f ? f->value : std::string_view{};
}

result<std::string_view> paragraph::need(std::string_view name) const {
    const auto value = get(name);
    if (value.empty()) return error{errc::malformed, "it has no field " + std::string{name}};
    return value;
}

}  // namespace larder::debs
