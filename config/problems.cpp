#include "problems.hpp"
#include <algorithm>

namespace larder::config {

unsigned problems::line_of(const std::string& where) const {
    const auto found = lines_.find(where);
    return found == lines_.end() ? 0 : found->second;
}

void problems::add(unsigned line, std::string where, std::string what) {
    found_.push_back({line, std::move(where), std::move(what)});
}

error problems::all() const {
    auto sorted = found_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    std::string text;
    for (const auto& p : sorted) {
        if (!text.empty()) text += '\n';
        text += file_;
        if (p.line != 0) text += ":" + std::to_string(p.line);
        text += ": " + (p.where.empty() ? "" : p.where + ": ") + p.what;
    }
    return {errc::bad_config, text};
}

}  // namespace larder::config
