#include "line_reader.hpp"
#include <charconv>
#include <larder/base/text.hpp>
#include <larder/index/phased.hpp>
#include <optional>

namespace larder::index {
namespace {

constexpr unsigned everybody = 100;

/// The value of a line, when it is this field's.
std::optional<std::string_view> value_of(std::string_view line, std::string_view field) {
    // Most lines are other fields.
    if ((line.front() | 0x20) != (field.front() | 0x20)) return {};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !iequals(trim(line.substr(0, colon)), field)) return {};
    return trim(line.substr(colon + 1));
}

unsigned percentage_in(std::string_view text) {
    unsigned value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() ? value : everybody;
}

void take_line(phased_package& one, std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') return;
    if (const auto name = value_of(line, "Package")) one.name = *name;
    if (const auto version = value_of(line, "Version")) one.version = *version;
    if (const auto architecture = value_of(line, "Architecture")) one.architecture = *architecture;
    if (const auto percentage = value_of(line, "Phased-Update-Percentage")) one.percentage = percentage_in(*percentage);
}

}  // namespace

result<void> read_phased(byte_source& packages, const std::function<void(phased_package&&)>& sink) {
    const phased_package nothing{{}, {}, {}, everybody};
    auto one = nothing;
    const auto end = [&] {
        if (one.percentage < everybody && !one.name.empty() && !one.version.empty()) sink(std::move(one));
        one = nothing;
    };
    LARDER_CHECK(detail::each_line(packages, [&](std::string_view line) -> result<void> {
        if (line.empty())
            end();
        else
            take_line(one, line);
        return {};
    }));
    end();
    return {};
}

}  // namespace larder::index
