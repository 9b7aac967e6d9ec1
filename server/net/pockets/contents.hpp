#pragma once

#include "pockets/edition.hpp"
#include <stop_token>

// COMPONENT/Contents-ARCH: which file is in which package, as apt-file asks for it.

namespace larder::net::publishing {

std::string contents_path(const std::string& component, const std::string& architecture);
bool is_contents(std::string_view path);

/// The Contents of a publication, of all its components and architectures, as dak writes them: packages for all
/// architectures stand in each, sources and installer packages in none. Those that are listed already as they would be
/// are left out. Objects of it that are new are told to `made`. The paths of a package are read from its .deb once, and
/// remembered by its SHA-256 (a derived note: what is not there is read again); one that cannot be read has no lines.
/// Blocks, as long as that takes: some 15 MB of packages a second that were never read, some seconds for 63,000 that
/// were. `cancelled` soon after a stop is requested.
result<known_indices> make_contents(engine& e, const pockets::pocket& of, const pockets::publication& last,
                                    const std::function<void(const digest&)>& made, const std::stop_token& stop);

}  // namespace larder::net::publishing
