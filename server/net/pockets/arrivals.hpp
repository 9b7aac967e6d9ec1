#pragma once

#include "pockets/edition.hpp"

// What is asked of all that comes into a pocket, whatever the way.

namespace larder::net::publishing {

/// Puts a stanza into its index, and takes the package out of the other components' indices: one that moved to another
/// component leaves the one it was in.
void put_stanza(index_edits& edits, const pockets::pocket& of, const std::string& component,
                const std::string& architecture, const std::string& name, const std::string& stanza);

/// `refused` when a stanza is of a lower version than the one that it takes the place of.
result<void> check_no_downgrade(engine& e, const pockets::pocket& of, const index_edits& edits);

/// Of a pocket that asks for sources: `refused` when one of these is neither in it nor in the edits. `needed`: names of
/// source packages, and who needs each.
result<void> check_sources(engine& e, const pockets::pocket& of, const index_edits& edits,
                           const std::map<std::string, std::string>& needed);

/// `refused` when the archive has had other bytes by that path: clients that have seen one never take the other.
result<void> check_pool_path(engine& e, const std::string& archive, const std::string& path, const digest& content);

}  // namespace larder::net::publishing
