#pragma once

#include <array>
#include <cstdint>
#include <larder/net/pockets.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace larder::net::site {

/// So many of the packages are shown.
inline constexpr std::size_t most_waiting_rows = 200;

/// What a promotion or a rollback would change: all of it counted, the first of it kept.
struct waiting_view {
    pockets::pocket to;      ///< that would change
    shown_difference shown;  ///< the publications that it was worked out for
    std::size_t packages = 0;
    std::array<std::size_t, 5> counts{};  ///< by package_change::kind
    std::vector<index::package_change> first;
    asked_gate asked = asked_gate::no;
    bool passed = true;
    std::vector<std::string> findings, warnings;
};
waiting_view shorten(publication_report all, asked_gate how);

/// What waits at each step, for pages: worked out once for each pair of publications, and kept for the 64 pairs that
/// were asked for last, some 50 kB each. Thread-safe.
class known_waiting {
public:
    using view = std::shared_ptr<const waiting_view>;

    /// Null when it is not known.
    view find(const digest& of);
    void keep(const digest& of, view what);

private:
    std::mutex mutex_;
    std::map<digest, std::pair<view, std::uint64_t>> known_;
    std::uint64_t clock_ = 0;
};

/// What waits in `from` for the pocket that it feeds: what is known, else it is worked out. Blocks; the gate's first
/// answer for a base of 63,000 packages takes a second or two, so that only those with a role should have it asked.
result<known_waiting::view> waiting_at(engine& e, const pockets::pocket& from, asked_gate how,
                                       const std::stop_token& stop);

}  // namespace larder::net::site
