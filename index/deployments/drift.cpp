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
    auto& version = versions_[{one.name, one.architecture}];
    if (version.empty() || index::compare_versions(one.version, version) > 0) version = one.version;
}

std::vector<difference> expectation::compare(const std::vector<installed_package>& installed) const {
    std::vector<difference> all;
    for (const auto& one : installed) {
        auto known = versions_.find({one.name, one.architecture});
        // A package may change from one architecture to all, or back, between two versions.
        if (known == versions_.end() && one.architecture != "all") known = versions_.find({one.name, "all"});
        if (known == versions_.end() && one.architecture == "all") {
            known = versions_.lower_bound({one.name, std::string{}});
            if (known != versions_.end() && known->first.first != one.name) known = versions_.end();
        }
        difference d;
        d.name = one.name;
        d.architecture = one.architecture;
        d.installed = one.version;
        d.held = one.held;
        if (known != versions_.end()) {
            const auto order = index::compare_versions(one.version, known->second);
            if (order == 0) continue;
            d.what = order < 0 ? difference::kind::behind : difference::kind::ahead;
            d.expected = known->second;
        }
        all.push_back(std::move(d));
    }
    return all;
}

}  // namespace larder::deployments
