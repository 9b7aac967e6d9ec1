#pragma once

#include <array>
#include <larder/base/digest.hpp>
#include <larder/net/deployments.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace larder::net::site {

/// What a page shows of a list.
inline constexpr std::size_t most_rows = 500;

/// What changed in one suite: all of it counted, the first of it shown.
struct suite_changes {
    std::string archive, suite;
    std::array<std::size_t, 5> counts{};  ///< by package_change::kind
    std::size_t packages = 0;
    std::vector<index::package_change> first;
    std::vector<std::string> unread;
};
struct generation_changes {
    std::vector<suite_changes> suites;
    bool whole() const;  ///< every index was read
};
generation_changes shorten(generation_diff all);

/// What changed between two generations, for a page: they never change, so that it is worked out once. The 32 that
/// were asked for last, some 100 kB each. Thread-safe.
class known_changes {
public:
    using changes = std::shared_ptr<const generation_changes>;
    /// Two manifests.
    using pair = std::pair<digest, digest>;

    /// Null when it is not known.
    changes find(const pair& of);
    void keep(const pair& of, changes what);

private:
    std::mutex mutex_;
    std::map<pair, std::pair<changes, std::uint64_t>> known_;
    std::uint64_t clock_ = 0;
};

}  // namespace larder::net::site
