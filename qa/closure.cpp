#include <algorithm>
#include <charconv>
#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>
#include <larder/index/version.hpp>
#include <larder/qa/closure.hpp>
#include <set>

namespace larder::qa {
namespace {

result<index_entry> read_entry(const index::stanza& s) {
    index_entry e;
    e.name = s.get("Package");
    e.version = s.get("Version");
    e.architecture = s.get("Architecture");
    e.path = s.get("Filename");
    e.depends = s.get("Depends");
    e.pre_depends = s.get("Pre-Depends");
    e.provides = s.get("Provides");
    e.source = s.get("Source");
    const auto where = "line " + std::to_string(s.line()) + ": ";
    if (e.name.empty() || e.version.empty() || e.path.empty())
        return error{errc::malformed, where + "a stanza without Package, Version or Filename"};
    LARDER_TRY(e.content, digest::from_hex(s.get("SHA256")));
    const auto size = s.get("Size");
    const auto [end, ec] = std::from_chars(size.data(), size.data() + size.size(), e.size);
    if (ec != std::errc{} || end != size.data() + size.size())
        return error{errc::malformed, where + "a Size that is no number"};
    return e;
}

}  // namespace

result<void> package_pool::add(std::string text) {
    texts_.push_back(std::move(text));
    index::deb822_reader reader{texts_.back()};
    index::stanza one;
    const auto before = entries_.size();
    std::optional<error> odd;
    for (;;) {
        LARDER_TRY(const bool more, reader.next(one));
        if (!more) break;
        // An index may have entries of another hash only; nothing here can name their objects.
        if (!one.find("SHA256")) continue;
        const auto read = read_entry(one);
        if (!read) {
            if (!odd) odd = read.error();
            continue;
        }
        const auto& entry = *read;
        const auto position = entries_.size();
        entries_.push_back(entry);
        by_name_[entry.name].push_back(position);
        for (const auto group : split(entry.provides, ','))
            for (const auto& provided : parse_alternatives(group))
                providers_[provided.name].push_back({position, provided.version});
    }
    if (odd && entries_.size() == before) return *odd;
    return {};
}

const index_entry* package_pool::find(const alternative& wanted) const {
    const auto found = by_name_.find(wanted.name);
    const index_entry* best = nullptr;
    if (found == by_name_.end()) return best;
    for (const auto position : found->second) {
        const auto& one = entries_[position];
        if (fits(wanted, one.version) && (best == nullptr || index::compare_versions(one.version, best->version) > 0))
            best = &one;
    }
    return best;
}

const index_entry* package_pool::satisfy(const alternative& wanted) const {
    if (const auto* real = find(wanted)) return real;
    const auto found = providers_.find(wanted.name);
    const index_entry* best = nullptr;
    if (found == providers_.end()) return best;
    for (const auto& [position, version] : found->second) {
        const auto& one = entries_[position];
        if (!fits(wanted, version)) continue;
        const bool better = best == nullptr || one.name < best->name ||
                            (one.name == best->name && index::compare_versions(one.version, best->version) > 0);
        if (better) best = &one;
    }
    return best;
}

std::vector<const index_entry*> package_pool::all_that_fit(const alternative& wanted) const {
    std::vector<const index_entry*> all;
    const auto higher = [](const index_entry* a, const index_entry* b) {
        return index::compare_versions(a->version, b->version) > 0;
    };
    if (const auto found = by_name_.find(wanted.name); found != by_name_.end())
        for (const auto position : found->second)
            if (fits(wanted, entries_[position].version)) all.push_back(&entries_[position]);
    std::stable_sort(all.begin(), all.end(), higher);
    const auto real = static_cast<std::ptrdiff_t>(all.size());
    if (const auto found = providers_.find(wanted.name); found != providers_.end())
        for (const auto& [position, version] : found->second)
            if (fits(wanted, version)) all.push_back(&entries_[position]);
    std::stable_sort(all.begin() + real, all.end(), [&](const index_entry* a, const index_entry* b) {
        return a->name != b->name ? a->name < b->name : higher(a, b);
    });
    return all;
}

closure close_over(const package_pool& pool, const std::vector<const index_entry*>& wanted) {
    closure all;
    std::set<const index_entry*> seen;
    const auto take = [&](const index_entry* one) {
        if (seen.insert(one).second) all.packages.push_back(one);
    };
    for (const auto* one : wanted) take(one);
    for (std::size_t i = 0; i < all.packages.size(); ++i) {
        const auto& needing = *all.packages[i];
        for (const auto field : {needing.pre_depends, needing.depends})
            for (const auto raw : split(field, ',')) {
                const auto group = trim(raw);
                if (group.empty()) continue;
                const index_entry* chosen = nullptr;
                for (const auto& one : parse_alternatives(group))
                    if ((chosen = pool.satisfy(one)) != nullptr) break;
                if (chosen != nullptr)
                    take(chosen);
                else
                    all.unresolved.push_back(std::string{needing.name} + " " + std::string{needing.version} +
                                             " needs: " + printable(group));
            }
    }
    return all;
}

}  // namespace larder::qa
