#pragma once

#include <larder/base/clock.hpp>
#include <larder/index/release.hpp>
#include <larder/pockets/pocket.hpp>
#include <string>
#include <vector>

namespace larder::pockets {

/// The text of a pocket's Release: its fields, and the SHA-256 of every file, sorted by path. Nothing in it but what is
/// given, so equal states at one Date are equal texts. `snapshots`: what its Snapshots field says (apt 2.7.1 and later
/// fill in the template); empty: it has none.
std::string write_release(const pocket& of, std::vector<index::release_file> files, sys_seconds date,
                          const std::string& signed_by, const std::string& snapshots);

}  // namespace larder::pockets
