#pragma once

#include <functional>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <string>

namespace larder::index {

/// A version that its archive gives to a part of all machines only, by their ids (apt-pkg/policy.cc, PhasedUpgrader).
/// It stands in the index alone: the package does not know.
struct phased_package {
    std::string name, version, architecture;
    unsigned percentage = 0;  ///< of machines that get it; below 100
};

/// The packages of a Packages file whose stanza has a Phased-Update-Percentage below 100, in its order. What is no
/// number counts as 100, as for apt. `too_large` for a line of over 16 MiB; errors of the source are handed on.
result<void> read_phased(byte_source& packages, const std::function<void(phased_package&&)>& sink);

}  // namespace larder::index
