#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/kinds.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::index {

/// A package as its index lists it, without most of its stanza. Of Sources: the source package, with the
/// architecture "source", and path, content and size of its .dsc.
struct listed_package {
    std::string name, version, architecture;
    std::string source;  ///< name of the source package it was built from (Debian Policy 5.6.1)
    std::string path;    ///< Filename
    digest content{};    ///< no_usable_hash (claims.hpp) where the index has no SHA-256
    std::uint64_t size = 0;
    std::uint64_t stanza = 0;  ///< the first 8 bytes of its SHA-256: tells whether two stanzas are the same
};

/// Reads a Packages or Sources file, in the order of the index and in memory that does not grow with it. A
/// stanza without Package or Version is left out; how many were. `unsupported` for another kind, `too_large` for
/// a stanza of over 16 MiB; errors of the source are handed on.
result<std::uint64_t> read_packages(index_kind, byte_source&, const std::function<void(listed_package&&)>& sink);

/// What became of a package between two states. A name and architecture is one package, though an index may have
/// several versions of it: equal versions are set against each other, then the highest of what is left on either
/// side, and what is left then was added or removed.
struct package_change {
    enum class kind { added, removed, upgraded, downgraded, changed };
    kind what = kind::added;
    std::string name, architecture, source;
    std::string before, after;  ///< versions; empty where there was, or is, none
    digest content{};           ///< of the file that there is now, or that there was when it is removed
    std::uint64_t size = 0;     ///< of that file
};
std::string_view to_string(package_change::kind) noexcept;

/// Sorted by name, architecture and version. A package that stands in both states with another stanza, but the
/// same version (if written otherwise: "1.0", "1.00"), has `changed`. Packages that stand in several indices of a state
/// (Architecture: all in each) count once; of a version whose stanzas are not the same there, all together count as its
/// stanza. In whatever order they are given the result is the same.
std::vector<package_change> compare(std::vector<listed_package> before, std::vector<listed_package> after);

}  // namespace larder::index
