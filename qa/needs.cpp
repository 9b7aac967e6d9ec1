#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/needs.hpp>

namespace larder::qa {
namespace {

/// Every group of alternatives that a package needs.
template <class F>
void each_group(const index_entry& of, F&& seen) {
    for (const auto field : {of.pre_depends, of.depends})
        for (const auto raw : split(field, ','))
            if (const auto group = trim(raw); !group.empty()) seen(group);
}

bool provides(const index_entry& one, const alternative& wanted) {
    for (const auto raw : split(one.provides, ','))
        for (const auto& provided : parse_alternatives(trim(raw)))
            if (provided.name == wanted.name && fits(wanted, provided.version)) return true;
    return false;
}

class follower {
public:
    follower(const package_pool& present, const package_pool& offered, std::vector<const index_entry*> picked)
        : present_{present}, offered_{offered}, picked_{std::move(picked)} {}

    std::vector<const index_entry*> run() && {
        for (std::size_t i = 0; i < picked_.size(); ++i)
            each_group(*picked_[i], [&](std::string_view group) { follow(parse_alternatives(group)); });
        return std::move(picked_);
    }

private:
    bool is_picked(std::string_view name) const {
        return std::any_of(picked_.begin(), picked_.end(), [&](const auto* one) { return one->name == name; });
    }
    bool is_fulfilled(const alternative& wanted) const {
        for (const auto* one : picked_)
            if ((one->name == wanted.name && fits(wanted, one->version)) || provides(*one, wanted)) return true;
        const auto* there = present_.satisfy(wanted);
        return there != nullptr && !is_picked(there->name);
    }
    void follow(const std::vector<alternative>& group) {
        for (const auto& one : group)
            if (is_fulfilled(one)) return;
        for (const auto& one : group) {
            const auto* more = offered_.satisfy(one);
            if (more == nullptr || is_picked(more->name)) continue;
            picked_.push_back(more);
            return;
        }
    }

    const package_pool& present_;
    const package_pool& offered_;
    std::vector<const index_entry*> picked_;
};

}  // namespace

std::vector<const index_entry*> needed_too(const package_pool& present, const package_pool& offered,
                                           std::vector<const index_entry*> picked) {
    return follower{present, offered, std::move(picked)}.run();
}

std::vector<std::string> unmet_around(const package_pool& pool, const std::set<std::string>& names) {
    std::set<std::string> all;
    const std::set<std::string_view> known{names.begin(), names.end()};
    pool.each([&](const index_entry& one) {
        if (pool.find({one.name, {}, {}}) != &one) return;
        each_group(one, [&](std::string_view group) {
            const auto alternatives = parse_alternatives(group);
            const auto concerns = [&](const alternative& a) { return known.contains(a.name); };
            if (!known.contains(one.name) && std::none_of(alternatives.begin(), alternatives.end(), concerns)) return;
            const auto there = [&](const alternative& a) { return pool.satisfy(a) != nullptr; };
            if (std::any_of(alternatives.begin(), alternatives.end(), there)) return;
            all.insert(std::string{one.name} + " " + std::string{one.version} + " needs: " + printable(group));
        });
    });
    return {all.begin(), all.end()};
}

}  // namespace larder::qa
