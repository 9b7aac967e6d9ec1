#include <algorithm>
#include <fnmatch.h>
#include <larder/base/text.hpp>
#include <larder/index/version.hpp>
#include <larder/qa/gathering.hpp>
#include <map>

namespace larder::qa {
namespace {

std::string_view source_of(const index_entry& one) {
    const auto name = trim(one.source.substr(0, one.source.find('(')));
    return name.empty() ? one.name : name;
}

/// "python3:any" fits whatever there is; "libc6:i386" nothing of another architecture.
bool of_architecture(const alternative& wanted, const index_entry& one) {
    return wanted.architecture.empty() || wanted.architecture == "any" || wanted.architecture == one.architecture;
}

/// What is taken so far, by name and by what it provides.
class basket {
public:
    bool has(std::string_view name) const { return by_name_.contains(name); }

    void add(gathered one) {
        const auto position = all_.size();
        by_name_.emplace(one.package->name, position);
        for (const auto raw : split(one.package->provides, ','))
            for (const auto& provided : parse_alternatives(trim(raw)))
                provided_.emplace(provided.name, std::pair{position, provided.version});
        all_.push_back(std::move(one));
    }

    bool fulfils(const alternative& wanted) const {
        const auto found = by_name_.find(wanted.name);
        if (found != by_name_.end()) {
            const auto& one = *all_[found->second].package;
            if (fits(wanted, one.version) && of_architecture(wanted, one)) return true;
        }
        const auto [first, last] = provided_.equal_range(wanted.name);
        return std::any_of(first, last, [&](const auto& one) {
            return fits(wanted, one.second.second) && of_architecture(wanted, *all_[one.second.first].package);
        });
    }

    std::vector<gathered>& all() noexcept { return all_; }

private:
    std::vector<gathered> all_;
    std::map<std::string_view, std::size_t> by_name_;
    std::multimap<std::string_view, std::pair<std::size_t, std::string_view>> provided_;
};

class gatherer {
public:
    gatherer(const std::vector<offer>& offers, const present_packages& present) : offers_{offers}, present_{present} {}

    gathering run(std::vector<gathered> picked) && {
        std::sort(picked.begin(), picked.end(),
                  [](const auto& a, const auto& b) { return a.package->name < b.package->name; });
        for (auto& one : picked) taken_.add(std::move(one));
        // What is taken late takes the place of what fulfilled a need before: until nothing comes any more.
        for (std::size_t before = 0; before != taken_.all().size();) {
            before = taken_.all().size();
            missing_.clear();
            for (std::size_t i = 0; i < taken_.all().size(); ++i) follow(i);
        }
        return {std::move(taken_.all()), {missing_.begin(), missing_.end()}};
    }

private:
    void follow(std::size_t position) {
        const auto& one = *taken_.all()[position].package;
        for (const auto field : {one.pre_depends, one.depends})
            for (const auto raw : split(field, ','))
                if (const auto group = trim(raw); !group.empty()) follow(position, group);
    }

    void follow(std::size_t position, std::string_view group) {
        const auto alternatives = parse_alternatives(group);
        for (const auto& one : alternatives)
            if (is_fulfilled(one)) return;
        for (const auto& one : alternatives)
            for (std::size_t from = 0; from < offers_.size(); ++from)
                for (const auto* more : offers_[from].pool->all_that_fit(one)) {
                    if (taken_.has(more->name) || !of_architecture(one, *more)) continue;
                    taken_.add({more, from, position, printable(group)});
                    return;
                }
        tell(position, group, alternatives);
    }

    bool is_fulfilled(const alternative& wanted) const {
        if (taken_.fulfils(wanted)) return true;
        const auto counts = [&](const index_entry* one) {
            return !taken_.has(one->name) && of_architecture(wanted, *one);
        };
        const auto own = present_.own.all_that_fit(wanted);
        if (std::any_of(own.begin(), own.end(), counts)) return true;
        const auto beside = present_.beside.all_that_fit(wanted);
        return std::any_of(beside.begin(), beside.end(), [&](const index_entry* one) {
            return counts(one) && present_.own.find({one->name, {}, {}}) == nullptr;
        });
    }

    void tell(std::size_t position, std::string_view group, const std::vector<alternative>& alternatives) {
        const auto& needing = taken_.all()[position];
        auto text = std::string{needing.package->name} + " " + std::string{needing.package->version} + " of " +
                    offers_[needing.from].name + " needs " + printable(group) + ", which ";
        std::set<std::string> others;
        for (const auto& one : alternatives) {
            const alternative any{one.name, {}, {}};
            for (const auto& from : offers_)
                for (const auto* there : from.pool->all_that_fit(any))
                    if (there->name == one.name)
                        others.insert(std::string{there->name} + " " + std::string{there->version} + " in " +
                                      from.name +
                                      (taken_.has(there->name) ? " (it is taken in one version only)" : ""));
        }
        text += "no archive that is taken from has";
        for (const auto& one : others) text += (&one == &*others.begin() ? ": there is " : ", ") + one;
        missing_.insert(std::move(text));
    }

    const std::vector<offer>& offers_;
    const present_packages& present_;
    basket taken_;
    std::set<std::string> missing_;
};

}  // namespace

std::vector<gathered> pick(const std::vector<offer>& offers, const std::set<std::string>& patterns, named which,
                           std::set<std::string>& unmatched) {
    unmatched.insert(patterns.begin(), patterns.end());
    std::map<std::string, std::size_t> owner;  // of each name that fits, the first offer that has it
    std::map<std::string_view, gathered> best;
    for (std::size_t from = 0; from < offers.size(); ++from)
        offers[from].pool->each([&](const index_entry& one) {
            const std::string name{which == named::sources ? source_of(one) : one.name};
            const auto fitting = [&](const std::string& pattern) {
                return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
            };
            const auto known = owner.find(name);
            if (known == owner.end()) {
                bool any = false;
                for (const auto& pattern : patterns)
                    if (fitting(pattern)) {
                        any = true;
                        unmatched.erase(pattern);
                    }
                if (!any) return;
                owner.emplace(name, from);
            } else if (known->second != from) {
                return;
            }
            const auto [there, first] = best.try_emplace(one.name, gathered{&one, from, {}, {}});
            if (!first && there->second.from == from &&
                index::compare_versions(one.version, there->second.package->version) > 0)
                there->second.package = &one;
        });
    std::vector<gathered> all;
    for (auto& [name, one] : best) all.push_back(std::move(one));
    return all;
}

gathering gather(const std::vector<offer>& offers, const present_packages& present, std::vector<gathered> picked) {
    return gatherer{offers, present}.run(std::move(picked));
}

std::string chain_of(const gathering& all, std::size_t position) {
    std::string text;
    for (const auto* one = &all.packages.at(position); one->needed_by; one = &all.packages.at(*one->needed_by)) {
        const auto step = std::string{all.packages.at(*one->needed_by).package->name} + " needs " + one->relation;
        text = text.empty() ? step : step + "; " + text;
    }
    return text;
}

}  // namespace larder::qa
