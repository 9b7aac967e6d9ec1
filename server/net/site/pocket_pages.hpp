#pragma once

#include <larder/net/pockets.hpp>
#include <larder/net/reply.hpp>
#include <site/deployment_pages.hpp>
#include <string>
#include <string_view>

namespace larder::net::site {

/// The pages of pockets, below /pages/:
///
///     pockets                  chains, and of each source package the version at every stage
///     pockets/ARCHIVE/SUITE    one pocket, and its publications
///
/// Who published, and why, is for those with a role.
std::string pockets_page(const overview& view, const pocket_list& all);
std::string pocket_page(const overview& view, const pocket_history& of, told whom);

bool of_pockets(std::string_view path);
/// Blocks.
site_reply answer_pocket_page(engine& e, const site_request& request);

}  // namespace larder::net::site
