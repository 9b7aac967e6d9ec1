#pragma once

#include <larder/core/options.hpp>
#include <larder/net/archive.hpp>
#include <string>
#include <string_view>

namespace larder::net::site {

/// How a suite fares, best first.
enum class health_level {
    fresh,    ///< upstream confirmed it not long ago
    waiting,  ///< never asked for yet
    stale,    ///< nobody has confirmed it for long, but nothing failed
    trouble,  ///< something is wrong, and somebody should look
};
std::string_view to_string(health_level) noexcept;

struct health {
    health_level level = health_level::fresh;
    std::string reason;  ///< for people, one sentence; empty when fresh. Holds upstream's own text: escape it
};

/// Judged without I/O and without a clock of its own. A suite counts as stale once it was not
/// confirmed for twice its archive's `refresh`, and at least 10 minutes: the upkeep asks every
/// `refresh`, so one round may be missed.
health judge_suite(const suite_status&, const core::archive_options&, sys_seconds now);

}  // namespace larder::net::site
