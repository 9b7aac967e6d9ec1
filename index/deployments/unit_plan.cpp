#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/deployments/unit_plan.hpp>

namespace larder::deployments {
namespace {

/// As apt-get(8) takes it; a package for all architectures has none of its own.
std::string name_of(const difference& of) {
    return of.architecture == "all" ? of.name : of.name + ":" + of.architecture;
}

}  // namespace

unit_plan plan_for(const std::string& unit, const std::vector<difference>& differences) {
    unit_plan plan{unit, {}, {}};
    std::vector<std::string> unhold{"apt-mark", "unhold"}, install{"apt-get", "install"}, packages;
    bool down = false;
    for (const auto& one : differences) {
        if (one.what == difference::kind::foreign) {
            plan.foreign.push_back(name_of(one));
            continue;
        }
        if (one.held) unhold.push_back(name_of(one));
        down = down || one.what == difference::kind::ahead;
        packages.push_back(name_of(one) + "=" + one.expected);
    }
    if (packages.empty()) return plan;
    plan.commands.push_back({"apt-get", "update"});
    if (unhold.size() > 2) plan.commands.push_back(std::move(unhold));
    if (down) install.emplace_back("--allow-downgrades");
    install.insert(install.end(), packages.begin(), packages.end());
    plan.commands.push_back(std::move(install));
    return plan;
}

std::string to_string(const std::vector<std::string>& command) {
    std::string out;
    for (const auto& word : command) {
        const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view{"-_./:=+~,@%"}.find(c) != std::string_view::npos;
        });
        out += out.empty() ? "" : " ";
        if (plain) {
            out += word;
            continue;
        }
        out += '\'';
        for (const char c : word) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
        out += '\'';
    }
    return out;
}

}  // namespace larder::deployments
