#include "pockets/shown.hpp"

namespace larder::net {

digest publishing::seen_in_changes(const std::vector<index::package_change>& changes,
                                   const std::vector<std::string>& findings) {
    std::string text;
    for (const auto& one : changes) {
        text += to_string(one.what);
        for (const auto* part : {&one.name, &one.architecture, &one.before, &one.after}) text += ' ' + *part;
        text += ' ' + one.content.hex() + '\n';
    }
    for (const auto& one : findings)
        if (one.find(": failed: ") != std::string::npos) text += one + '\n';
    return sha256(text);
}

digest seen_in(const publication_report& report) {
    return publishing::seen_in_changes(report.changes, report.findings);
}

result<void> publishing::check_shown(const std::optional<shown_difference>& shown, const shown_difference& now) {
    if (!shown) return {};
    if (shown->to != now.to)
        return error{errc::conflict, "the pocket has changed meanwhile: it is at publication " +
                                         std::to_string(now.to) + ", and what was shown was of " +
                                         std::to_string(shown->to) + "; look again"};
    if (shown->from != now.from)
        return error{errc::conflict, "what comes has changed meanwhile: it is publication " + std::to_string(now.from) +
                                         ", and what was shown was " + std::to_string(shown->from) + "; look again"};
    if (shown->what == now.what) return {};
    return error{errc::conflict,
                 "what would change, or what the gate says against it, is not what was shown any more; look again"};
}

}  // namespace larder::net
