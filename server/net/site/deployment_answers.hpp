#pragma once

#include <larder/net/reply.hpp>
#include <site/long_answers.hpp>
#include <stop_token>
#include <string_view>

namespace larder::net::site {

/// The pages of deployments, below /pages/:
///
///     deployments                       all of them
///     deployments/NAME                  its generations
///     deployments/NAME/N[?against=M]    one, and what changed since the one before, or since M
///     deployments/NAME/units[/UNIT]     how units differ: for those with a role
///     deployments/NAME/holding          what is held, and at risk: the same
///     sign-in                           has a browser ask for a token, for the reasons and names that others
///                                       are not shown
bool of_deployments(std::string_view path);

/// What answering it takes, for whoever may.
effort effort_of_page(const site_request& request);
/// Blocks.
site_reply answer_deployment_page(engine& e, const site_request& request, const std::stop_token& stop);

}  // namespace larder::net::site
