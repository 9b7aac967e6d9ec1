#pragma once

#include "deployments/cut.hpp"

namespace larder::net::pinning {

/// The first generation of a deployment that is to be, made now. `refused` for a name that cannot be one's, or that
/// is taken.
result<generation_report> new_deployment(engine& e, const std::string& name, const signed_for& who);

/// Writes it, with what it pins and what it holds from the beginning, and an entry "deployment-WHAT" of the journal.
result<void> make_first(engine& e, generation_report& report, const cut& all, std::string_view what,
                        const std::vector<store::held_object>& holds = {});

}  // namespace larder::net::pinning
