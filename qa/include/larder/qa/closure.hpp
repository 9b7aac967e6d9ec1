#pragma once

#include <cstdint>
#include <deque>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/qa/relation.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace larder::qa {

/// A binary package as its index has it; views into the index's text.
struct index_entry {
    std::string_view name, version, architecture, path, depends, pre_depends, provides;
    digest content;
    std::uint64_t size = 0;
    std::string_view source;  ///< the field, as it stands there; empty: a source package of the same name
};

/// The packages of some indices, by name and by what they provide. Owns the texts.
class package_pool {
public:
    /// Takes the uncompressed text of a Packages file; an odd stanza of it is left out;
    /// `malformed`, with what is wrong with the first, when there are odd ones and no others.
    result<void> add(std::string text);

    /// The highest version that fits; null when there is none. The first added among equals.
    const index_entry* find(const alternative& wanted) const;
    /// The package itself, else the first by name that provides it.
    const index_entry* satisfy(const alternative& wanted) const;
    /// All that fit: the packages of that name, the highest version first; then those that provide it, by name, and
    /// the highest version first. Of equals the first added first.
    std::vector<const index_entry*> all_that_fit(const alternative& wanted) const;
    std::size_t size() const noexcept { return entries_.size(); }
    /// All of them, in the order they were added.
    template <class F>
    void each(F&& seen) const {
        for (const auto& one : entries_) seen(one);
    }

private:
    struct provider {
        std::size_t entry = 0;
        std::string_view version;
    };
    std::deque<std::string> texts_;
    std::deque<index_entry> entries_;
    std::map<std::string_view, std::vector<std::size_t>> by_name_;
    std::map<std::string_view, std::vector<provider>> providers_;
};

struct closure {
    std::vector<const index_entry*> packages;  ///< those asked for first, then by the order of discovery
    std::vector<std::string> unresolved;       ///< "hello 2.10 needs: missing | other"
};

/// Follows Pre-Depends and Depends: of each group the first alternative that the pool has.
closure close_over(const package_pool& pool, const std::vector<const index_entry*>& wanted);

}  // namespace larder::qa
