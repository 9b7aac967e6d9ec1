#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/deployments/picking.hpp>
#include <larder/index/version.hpp>
#include <map>
#include <set>
#include <tuple>

namespace larder::deployments {
namespace {

constexpr std::string_view source = "source";

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 200 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '=' && c != '/'; });
}

/// A binary may have been built again since, without a change of its source.
bool is_version_of(std::string_view binary, std::string_view wanted) {
    return binary == wanted || (binary.starts_with(wanted) && binary.substr(wanted.size()).starts_with("+b"));
}

bool is_for(const listing& one, const std::string& architecture) {
    if (architecture.empty()) return one.architecture != source;
    return one.architecture == architecture || one.what.architecture == architecture;
}

bool fulfils(const listing& one, const wish& wanted) {
    if (wanted.what == wish::kind::source)
        return one.what.source == wanted.name &&
               (wanted.version.empty() || is_version_of(one.what.version, wanted.version)) &&
               (wanted.architecture.empty() || is_for(one, wanted.architecture));
    return one.what.name == wanted.name && is_for(one, wanted.architecture) &&
           (wanted.version.empty() || one.what.version == wanted.version);
}

bool is_higher(const listing& one, const listing& other) {
    return index::compare_versions(one.what.version, other.what.version) > 0;
}

bool is_same(const listing& one, const listing& other) {
    return one.what.version == other.what.version && one.what.stanza == other.what.stanza &&
           one.what.content == other.what.content;
}

/// A package as the machines of one architecture may see it.
using seen_as = std::pair<std::string, std::string>;  // name, architecture of the index
using by_package = std::map<seen_as, std::vector<const listing*>>;

by_package sorted(const std::vector<listing>& all) {
    by_package made;
    for (const auto& one : all) made[{one.what.name, one.architecture}].push_back(&one);
    return made;
}

const listing* highest(const std::vector<const listing*>& of) {
    const listing* best = nullptr;
    for (const auto* one : of)
        if (best == nullptr || is_higher(*one, *best)) best = one;
    return best;
}

class chooser {
public:
    chooser(const std::vector<listing>& present, const std::vector<listing>& offered)
        : present_{sorted(present)}, offered_{sorted(offered)} {}

    /// Whether there is such a package.
    bool take(const wish& wanted) {
        bool any = false;
        for (const auto& [seen, listings] : offered_) {
            std::vector<const listing*> fit;
            for (const auto* one : listings)
                if (fulfils(*one, wanted)) fit.push_back(one);
            if (fit.empty()) continue;
            any = true;
            put(seen, *highest(fit));
        }
        return any;
    }

    std::vector<edit> edits() const {
        std::vector<edit> all;
        for (const auto& [where, one] : edits_) all.push_back(one);
        return all;
    }

private:
    using place = std::tuple<std::size_t, std::string, std::string>;  // suite, index, name

    void put(const seen_as& seen, const listing& best) {
        std::erase_if(edits_, [&](const auto& one) {
            return std::get<2>(one.first) == seen.first && seen_.at(one.first) == seen.second;
        });
        const auto found = present_.find(seen);
        static const std::vector<const listing*> none;
        const auto& present = found == present_.end() ? none : found->second;
        const auto* now = highest(present);
        if (now != nullptr && is_same(*now, best)) return;
        // In its own suite it takes the place of whatever is there, in others of what is higher.
        for (const auto* one : present)
            if (one->suite == best.suite || is_higher(*one, best))
                add(seen, {one->suite, one->index, one->what.name, one->what.architecture, {}, {}});
        for (const auto* one : offered_.at(seen))
            if (one->suite == best.suite && one->state == best.state && one->what.version == best.what.version)
                add(seen,
                    {one->suite, one->index, one->what.name, one->what.architecture, best.what.version, best.state});
    }
    void add(const seen_as& seen, edit one) {
        const place where{one.suite, one.index, one.name};
        seen_[where] = seen.second;
        edits_[where] = std::move(one);
    }

    const by_package present_, offered_;
    std::map<place, edit> edits_;
    std::map<place, std::string> seen_;
};

}  // namespace

result<wish> parse_wish(std::string_view text, wish::kind what) {
    wish made;
    made.what = what;
    auto rest = text;
    // A version may have a colon (its epoch); an architecture begins with a letter, and never has a dot.
    if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
        const auto after = rest.substr(colon + 1);
        const bool is_architecture =
            !after.empty() && after.front() >= 'a' && after.front() <= 'z' &&
            after.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
        if (is_architecture || rest.find('=') == std::string_view::npos || rest.find('=') > colon) {
            made.architecture = after;
            rest = rest.substr(0, colon);
        }
    }
    const auto equals = rest.find('=');
    made.name = rest.substr(0, equals);
    if (equals != std::string_view::npos) made.version = rest.substr(equals + 1);
    const bool odd = !is_name(made.name) || (equals != std::string_view::npos && !is_name(made.version)) ||
                     (made.architecture.empty() ? text.ends_with(':') : !is_name(made.architecture));
    if (odd)
        return error{errc::bad_config, "'" + printable(text, 200) +
                                           "' is not of the form NAME, NAME=VERSION or NAME=VERSION:ARCH, like "
                                           "hello=2.10-4:amd64"};
    return made;
}

std::string to_string(const wish& of) {
    return of.name + (of.version.empty() ? "" : "=" + of.version) +
           (of.architecture.empty() ? "" : ":" + of.architecture);
}

choice choose(const std::vector<listing>& present, const std::vector<listing>& offered,
              const std::vector<wish>& wishes) {
    chooser all{present, offered};
    choice made;
    for (const auto& one : wishes)
        if (!all.take(one)) made.absent.push_back(one);
    made.edits = all.edits();
    return made;
}

std::vector<pick> picks_after(const std::vector<pick>& before, const std::vector<edit>& edits, std::size_t suite) {
    std::map<std::pair<std::string, std::string>, pick> all;
    for (const auto& one : before) all[{one.name, one.architecture}] = one;
    // A package may change from one architecture to all, or back, between two versions.
    for (const auto& one : edits)
        if (one.suite == suite)
            std::erase_if(all, [&](const auto& known) {
                const auto& was = known.second;
                return was.name == one.name &&
                       (was.architecture == one.architecture || was.architecture == "all" || one.architecture == "all");
            });
    for (const auto& one : edits) {
        if (one.suite != suite) continue;
        auto& now = all[{one.name, one.architecture}];
        if (now.version.empty()) now = {one.name, one.architecture, one.version, one.from};
    }
    std::vector<pick> sorted_picks;
    for (auto& [key, one] : all) sorted_picks.push_back(std::move(one));
    return sorted_picks;
}

}  // namespace larder::deployments
