#include "pockets/pull_choice.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/gathering.hpp>

namespace larder::net::publishing {
namespace {

constexpr std::size_t most_told = 20;

error unfulfilled(const std::string& architecture, const std::vector<std::string>& missing) {
    std::string text = "on " + architecture + " this cannot be fulfilled: ";
    for (std::size_t i = 0; i < missing.size() && i < most_told; ++i) text += (i == 0 ? "" : "; ") + missing[i];
    if (missing.size() > most_told) text += "; and " + std::to_string(missing.size() - most_told) + " more";
    return {errc::refused, text + ". Another --from may have it"};
}

/// The offers that have an architecture, and what is there.
struct pools {
    std::vector<std::unique_ptr<qa::package_pool>> all;
    std::vector<qa::offer> offers;
    std::vector<std::size_t> places;  ///< of each, among all offers
    std::unique_ptr<qa::package_pool> own = std::make_unique<qa::package_pool>();
    std::unique_ptr<qa::package_pool> base = std::make_unique<qa::package_pool>();
};

class chooser {
public:
    chooser(engine& e, const pockets::pocket& of, const pull_options& options, const std::vector<offered_suite>& offers)
        : e_{e}, of_{of}, options_{options}, offers_{offers} {
        patterns_.insert(options.packages.begin(), options.packages.end());
    }

    result<void> run(const progress_sink& tell, const std::stop_token& stop) {
        const auto binary = std::count_if(of_.architectures.begin(), of_.architectures.end(),
                                          [](const auto& one) { return one != "source"; });
        for (bool again = true; again;) {
            const auto before = everywhere_.size();
            for (const auto& architecture : of_.architectures) {
                if (architecture == "source") continue;
                if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
                tell({"looking at what " + architecture + " needs", 0, 0});
                LARDER_CHECK(choose_for(architecture));
            }
            // What one architecture needs may be new to another.
            again = binary > 1 && before != everywhere_.size();
        }
        for (const auto& pattern : patterns_)
            if (!fitted_.contains(pattern))
                return error{errc::absent, "no package of " + names_of_offers() + " fits '" + printable(pattern, 110) +
                                               "'" + (options_.by_source ? " by its source" : "")};
        return {};
    }

    std::map<std::string, std::vector<chosen_package>> chosen;  ///< by architecture

private:
    std::string names_of_offers() const {
        std::vector<std::string> all;
        for (const auto& one : offers_) all.push_back(one.from.text());
        return joined(all);
    }

    result<pools> read_pools(const std::string& architecture) const {
        pools made;
        for (std::size_t i = 0; i < offers_.size(); ++i) {
            const auto& one = offers_[i];
            if (std::find(one.architectures.begin(), one.architectures.end(), architecture) == one.architectures.end())
                continue;
            LARDER_TRY(auto pool, pool_of(e_, one.from.text(), *one.state, architecture));
            made.offers.push_back({one.from.text(), pool.get()});
            made.places.push_back(i);
            made.all.push_back(std::move(pool));
        }
        if (!options_.with_deps) return made;
        if (of_.head != 0) {
            LARDER_TRY(const auto last, registry_of(e_).load(of_, of_.head));
            LARDER_TRY(const auto state, load_state(e_.store().objects(), last.snapshot));
            LARDER_TRY(made.own, pool_of(e_, of_.name(), *state, architecture));
        }
        if (options_.not_in_base) {
            LARDER_TRY(const auto state, state_in_force(e_, of_.base));
            LARDER_TRY(made.base, pool_of(e_, of_.base, *state, architecture));
        }
        return made;
    }

    result<void> choose_for(const std::string& architecture) {
        LARDER_TRY(const auto from, read_pools(architecture));
        std::set<std::string> unmatched;
        const auto which = options_.by_source ? qa::named::sources : qa::named::packages;
        auto picked = qa::pick(from.offers, patterns_, which, unmatched);
        for (const auto& one : patterns_)
            if (!unmatched.contains(one)) fitted_.insert(one);
        std::set<std::string> asked;
        for (const auto& one : picked) asked.emplace(one.package->name);
        add_needed_elsewhere(from, asked, picked);
        qa::gathering all;
        if (options_.with_deps)
            all = qa::gather(from.offers, {*from.own, *from.base}, std::move(picked));
        else
            all.packages = std::move(picked);
        if (!all.missing.empty()) return unfulfilled(architecture, all.missing);
        note(architecture, from, all, asked);
        return {};
    }

    void add_needed_elsewhere(const pools& from, const std::set<std::string>& asked,
                              std::vector<qa::gathered>& picked) const {
        for (const auto& [name, one] : everywhere_) {
            const auto place = std::find(from.places.begin(), from.places.end(), one.from);
            if (asked.contains(name) || place == from.places.end()) continue;
            const auto at = static_cast<std::size_t>(place - from.places.begin());
            if (const auto* entry = from.offers[at].pool->find({one.name, "=", one.version}))
                picked.push_back({entry, at, {}, {}});
        }
    }

    void note(const std::string& architecture, const pools& from, const qa::gathering& all,
              const std::set<std::string>& asked) {
        auto& into = chosen[architecture];
        into.clear();
        for (std::size_t i = 0; i < all.packages.size(); ++i) {
            const auto& entry = *all.packages[i].package;
            chosen_package one{std::string{entry.name}, std::string{entry.version}, std::string{entry.architecture},
                               qa::chain_of(all, i), from.places[all.packages[i].from]};
            if (const auto known = everywhere_.find(root_of(all, i)); known != everywhere_.end())
                one.why = known->second.why + (one.why.empty() ? "" : "; " + one.why);
            if (one.architecture == "all" && !asked.contains(one.name)) everywhere_.emplace(one.name, one);
            into.push_back(std::move(one));
        }
    }

    /// The package that another's chain begins with: it was asked for, or another architecture needs it.
    static std::string root_of(const qa::gathering& all, std::size_t position) {
        while (all.packages[position].needed_by) position = *all.packages[position].needed_by;
        return std::string{all.packages[position].package->name};
    }

    engine& e_;
    const pockets::pocket& of_;
    const pull_options& options_;
    const std::vector<offered_suite>& offers_;
    std::set<std::string> patterns_, fitted_;
    std::map<std::string, chosen_package> everywhere_;  ///< for all architectures, and needed by one
};

}  // namespace

result<std::map<std::string, std::vector<chosen_package>>> choose_packages(engine& e, const pockets::pocket& of,
                                                                           const pull_options& options,
                                                                           const std::vector<offered_suite>& offers,
                                                                           const progress_sink& tell,
                                                                           const std::stop_token& stop) {
    chooser all{e, of, options, offers};
    LARDER_CHECK(all.run(tell, stop));
    return std::move(all.chosen);
}

}  // namespace larder::net::publishing
