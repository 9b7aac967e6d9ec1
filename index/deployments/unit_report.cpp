#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/deployments/unit_report.hpp>
#include <optional>

namespace larder::deployments {
namespace {

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 300 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// dpkg's second letter: n not installed, c only configuration files, else it is there, whole or half.
bool is_there(std::string_view status) { return status.size() >= 2 && status[1] != 'n' && status[1] != 'c'; }

result<std::optional<installed_package>> parse_line(std::string_view line) {
    const auto parts = words(line);
    if (parts.size() < 3 || parts.size() > 5 || !std::all_of(parts.begin(), parts.end(), is_token))
        return error{errc::malformed, "not 'NAME ARCHITECTURE VERSION STATUS': " + printable(line, 100)};
    // Of a package that was purged dpkg prints no version: the status is the third word then.
    if (parts.size() == 3) return std::optional<installed_package>{};
    if (!is_there(parts[3])) return std::optional<installed_package>{};
    return std::optional{installed_package{std::string{parts[0]}, std::string{parts[1]}, std::string{parts[2]},
                                           parts[3].front() == 'h'}};
}

}  // namespace

result<std::vector<installed_package>> parse_report(std::string_view text) {
    std::vector<installed_package> all;
    std::size_t number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        auto one = parse_line(line);
        if (!one) return one.error().in("line " + std::to_string(number));
        if (!*one) continue;
        all.push_back(std::move(**one));
        if (all.size() > most_packages) return error{errc::too_large, "over 100,000 packages"};
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::string write_report(const std::vector<installed_package>& packages) {
    std::string out;
    for (const auto& one : packages)
        out += one.name + " " + one.architecture + " " + one.version + (one.held ? " hi\n" : " ii\n");
    return out;
}

result<void> check_unit(std::string_view id) {
    if (check_name(id)) return {};
    return error{errc::refused, "'" + printable(id, 110) +
                                    "' cannot be a unit's name: letters, digits, '.', '-' and '_', at most 100"};
}

}  // namespace larder::deployments
