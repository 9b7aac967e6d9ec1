#pragma once

#include <larder/deployments/lockfile.hpp>
#include <string>

// What a deployment holds, as software bills of materials.

namespace larder::net::pinning {

/// SPDX 2.3 as JSON (ISO/IEC 5962's successor; spdx.github.io/spdx-spec/v2.3). `id` is the generation's manifest: it
/// makes the document's namespace its own.
std::string spdx(const deployments::lockfile& lock, const digest& id);
/// CycloneDX 1.5 as JSON (cyclonedx.org/docs/1.5).
std::string cyclonedx(const deployments::lockfile& lock, const digest& id);

}  // namespace larder::net::pinning
