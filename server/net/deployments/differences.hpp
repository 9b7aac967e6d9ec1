#pragma once

#include "deployments/states.hpp"

namespace larder::net::pinning {

/// What changed between two states, of which one may be missing (a suite that came, or went).
result<suite_difference> compare_states(engine& e, const std::optional<kept_state>& before,
                                        const std::optional<kept_state>& after,
                                        const std::vector<std::string>& architectures, const progress_sink& tell,
                                        const std::stop_token& stop);

/// What changed between two generations, suite by suite; those that did not change are left out.
result<std::vector<suite_difference>> compare_generations(engine& e, const deployments::generation& before,
                                                          const deployments::generation& after,
                                                          const progress_sink& tell, const std::stop_token& stop);

}  // namespace larder::net::pinning
