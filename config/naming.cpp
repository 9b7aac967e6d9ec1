#include "naming.hpp"
#include "checks.hpp"
#include <larder/base/text.hpp>
#include <vector>

namespace larder::config {
namespace {

/// Only what a name may hold, in lower case; what may not stand in front is dropped.
std::string tidy(std::string_view part) {
    std::string out;
    for (char c : to_lower(part)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && out.empty()) continue;
        out += plain || c == '-' || c == '_' || c == '.' ? c : '-';
    }
    return out.substr(0, 40);
}

}  // namespace

std::string name_for(std::string_view url, std::set<std::string>& taken) {
    const auto scheme = url.find("://");
    std::vector<std::string> parts;  // host first
    for (const auto part : split(url.substr(scheme == std::string_view::npos ? 0 : scheme + 3), '/'))
        if (auto t = tidy(part); !t.empty()) parts.push_back(std::move(t));
    std::string name;
    const auto free = [&taken](const std::string& n) {
        return check_archive_name(n).has_value() && taken.insert(n).second;
    };
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        name = name.empty() ? *part : *part + "-" + name;
        if (free(name)) return name;
    }
    if (name.empty() || name.size() > 50) name = "archive";
    if (free(name)) return name;
    for (unsigned n = 2;; ++n)
        if (const auto numbered = name + "-" + std::to_string(n); free(numbered)) return numbered;
}

}  // namespace larder::config
