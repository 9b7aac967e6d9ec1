#include <algorithm>
#include <larder/deployments/drift.hpp>
#include <larder/index/version.hpp>

namespace larder::deployments {

std::string_view to_string(difference::kind what) noexcept {
    switch (what) {
        case difference::kind::behind: return "behind";
        case difference::kind::ahead: return "ahead";
        case difference::kind::foreign: return "foreign";
        case difference::kind::phased: return "phased";
    }
    return "";
}

void expectation::add(const index::listed_package& one) {
    auto& all = versions_[one.name];
    const auto at = std::lower_bound(all.begin(), all.end(), one.architecture,
                                     [](const auto& known, const auto& other) { return known.architecture < other; });
    if (at == all.end() || at->architecture != one.architecture) {
        all.insert(at, {one.architecture, one.version});
        ++size_;
    } else if (index::compare_versions(one.version, at->version) > 0) {
        at->version = one.version;
    }
}

const expectation::version_of* expectation::find(const installed_package& one) const {
    const auto found = versions_.find(one.name);
    if (found == versions_.end()) return nullptr;
    const version_of *own = nullptr, *for_all = nullptr;
    for (const auto& known : found->second) {
        if (known.architecture == one.architecture) own = &known;
        if (known.architecture == "all") for_all = &known;
    }
    // A package may change from one architecture to all, or back, between two versions, of which two suites may have
    // one each.
    if (own == nullptr) return one.architecture == "all" ? &found->second.front() : for_all;
    const bool superseded = for_all != nullptr && index::compare_versions(for_all->version, own->version) > 0;
    return superseded ? for_all : own;
}

std::vector<difference> expectation::compare(const std::vector<installed_package>& installed) const {
    std::vector<difference> all;
    for (const auto& one : installed) {
        const auto* known = find(one);
        if (known != nullptr && known->version == one.version) continue;
        difference d;
        d.name = one.name;
        d.architecture = one.architecture;
        d.installed = one.version;
        d.held = one.held;
        if (known != nullptr) {
            const auto order = index::compare_versions(one.version, known->version);
            if (order == 0) continue;
            d.what = order < 0 ? difference::kind::behind : difference::kind::ahead;
            d.expected = known->version;
        }
        all.push_back(std::move(d));
    }
    return all;
}

}  // namespace larder::deployments
