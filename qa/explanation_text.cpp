#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/installability.hpp>

namespace larder::qa {
namespace {

constexpr std::size_t most_named = 4;  // packages in one sentence

/// Architectures are named where there is more than one.
bool of_several_architectures(const reason& r) {
    auto seen = r.package.architecture;
    for (const auto& one : r.others) {
        if (one.architecture == "all" || one.architecture == seen) continue;
        if (seen != "all") return true;
        seen = one.architecture;
    }
    return false;
}

std::string named(const package_key& p, bool with_architecture) {
    return p.name + (with_architecture ? ":" + p.architecture : "") + " " + p.version;
}

std::string listed(const reason& r, bool with_architecture) {
    std::string all;
    const auto shown = r.others.size() <= most_named ? r.others.size() : most_named - 1;
    for (std::size_t i = 0; i < shown; ++i) {
        if (i != 0) all += i + 1 == r.others.size() ? " or " : ", ";
        all += named(r.others[i], with_architecture);
    }
    if (shown < r.others.size()) all += " or " + std::to_string(r.others.size() - shown) + " others";
    return all;
}

}  // namespace

std::string to_string(const reason& r) {
    const bool several = of_several_architectures(r);
    const auto self = named(r.package, several), others = listed(r, several);
    const auto there_is = others.empty() ? std::string{} : ": there is " + others;
    switch (r.what) {
        case reason::kind::needs: return self + " needs " + r.relation + ": " + others;
        case reason::kind::lacks: return self + " needs " + r.relation + ", which nothing provides" + there_is;
        case reason::kind::conflicts: return self + " conflicts with " + r.relation + ": " + others;
        case reason::kind::breaks: return self + " breaks " + r.relation + ": " + others;
        case reason::kind::excludes: return "only one of " + self + " and " + others + " can be installed";
    }
    return {};
}

std::string to_string(const explanation& e) {
    if (e.reasons.empty()) return named(e.package, false) + ": no answer was found within the limit of the search";
    std::string all;
    for (const auto& one : e.reasons) all += (all.empty() ? "" : "; ") + to_string(one);
    return all;
}

}  // namespace larder::qa
