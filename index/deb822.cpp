#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>
#include <string>

namespace larder::index {
namespace {

constexpr bool folded(std::string_view line) noexcept { return line.front() == ' ' || line.front() == '\t'; }

template <class F>
void each_value_line(std::string_view value, F f) {
    bool first = true;
    while (!value.empty()) {
        const auto end = std::min(value.find('\n'), value.size());
        const auto line = value.substr(0, end);
        value.remove_prefix(std::min(end + 1, value.size()));
        // Only after the first line can a '#' stand in the first column: what is folded begins with a blank.
        const bool comment = !first && line.starts_with('#');
        first = false;
        if (const auto text = trim(line); !comment && !text.empty()) f(text);
    }
}

}  // namespace

std::vector<std::string_view> value_lines(std::string_view value) {
    std::vector<std::string_view> out;
    each_value_line(value, [&](std::string_view line) { out.push_back(line); });
    return out;
}

std::vector<std::string_view> value_words(std::string_view value) {
    std::vector<std::string_view> out;
    each_value_line(value, [&](std::string_view line) {
        const auto more = words(line);
        out.insert(out.end(), more.begin(), more.end());
    });
    return out;
}

std::optional<std::string_view> stanza::find(std::string_view name) const noexcept {
    for (const auto& f : fields_)
        if (iequals(f.name, name)) return f.value;
    return {};
}

deb822_reader::deb822_reader(std::string_view text, comments c, deb822_limits limits) noexcept
    : rest_{text}, comments_{c}, limits_{limits} {}

std::string_view deb822_reader::take_line() noexcept {
    const auto end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++line_;
    while (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// False: the line is no field.
result<bool> deb822_reader::add_field(stanza& out, std::string_view line) const {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const auto name = trim(line.substr(0, colon));
    if (name.empty()) return false;
    std::erase_if(out.fields_, [name](const field& f) { return iequals(f.name, name); });
    if (out.fields_.size() >= limits_.fields)
        return error{errc::too_large, "line " + std::to_string(line_) + ": a stanza of over " +
                                          std::to_string(limits_.fields) + " fields"};
    out.fields_.push_back({name, line.substr(colon + 1), line_});
    return true;
}

result<bool> deb822_reader::next(stanza& out) {
    out.fields_.clear();
    bool in_field = false;
    while (!rest_.empty()) {
        const auto line = take_line();
        if (line.empty()) {
            in_field = false;
            if (out.fields_.empty()) continue;
            break;
        }
        if (line.front() == '#' && comments_ == comments::allowed) continue;
        if (!folded(line)) {
            LARDER_TRY(in_field, add_field(out, line));
        } else if (in_field) {
            auto& value = out.fields_.back().value;
            value = {value.data(), static_cast<std::size_t>(line.data() + line.size() - value.data())};
        }
        if (in_field && out.fields_.back().value.size() > limits_.field_bytes)
            return error{errc::too_large, "line " + std::to_string(line_) + ": a field of over " +
                                              std::to_string(limits_.field_bytes) + " bytes"};
    }
    for (auto& f : out.fields_) f.value = trim(f.value);
    return !out.fields_.empty();
}

}  // namespace larder::index
