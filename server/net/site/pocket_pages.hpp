#pragma once

#include <larder/net/pockets.hpp>
#include <larder/net/reply.hpp>
#include <optional>
#include <site/deployment_pages.hpp>
#include <site/known_waiting.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::net::site {

/// The pages of pockets, below /pages/:
///
///     pockets                                  chains, and of each source package the version at every stage
///     pockets/ARCHIVE/SUITE                    one pocket: what waits at its step, and its publications
///     pockets/ARCHIVE/SUITE?do=promote         what a promotion would change, and the form for it
///     pockets/ARCHIVE/SUITE?do=rollback&to=N   the same of a rollback
///     pockets[/ARCHIVE/SUITE]/feed.atom        publications (pocket_feed.hpp)
///
/// Who published, and why, is for those with a role.

/// What is known of the difference that waits at a pocket's step; or why nothing is.
using waiting_result = std::optional<result<known_waiting::view>>;

/// A pocket among the others.
struct chain_place {
    pocket_row row;
    waiting_result waiting;  ///< nothing: it feeds none
};
std::string pockets_page(const overview& view, const std::vector<chain_place>& all);

/// Who asks for a page, and what he may do by its forms.
struct page_visitor {
    told whom = told::everybody;
    bool may_promote = false, is_admin = false;
};

/// A pocket, and what there is to say of it.
struct pocket_view {
    pocket_history of;
    std::vector<std::string> fed_by, upgrades_to;  ///< pockets
    waiting_result waiting;
    std::vector<std::pair<std::string, std::string>> tokens;  ///< role and name
    std::optional<deployments::journal_entry> freeze;         ///< by whom, where it is frozen and the journal tells
    std::string support_warning;
    std::uint64_t done = 0;  ///< the publication that was just made from the page
};
std::string pocket_page(const overview& view, const pocket_view& of, const page_visitor& visitor);

// Pieces of them.

std::string pocket_url(const pockets::pocket& of);
std::string pocket_url(std::string_view name);
/// "open", "frozen", "support ended"
html state_of(const pockets::pocket& of, sys_seconds now);
html support_of(const pockets::pocket& of);
/// "promote from cloud/proposed 3"
std::string step_of(const pockets::publication& p);
/// Whether it is a sentence of the gate that says no.
bool is_against(std::string_view finding);
/// The packages that change, as a table, and how many there are.
html difference_of(const waiting_view& waiting);
/// What the gate says; empty when it was not asked.
html gate_of(const waiting_view& waiting);

bool of_pockets(std::string_view path);
/// Blocks.
site_reply answer_pocket_page(engine& e, const site_request& request, const std::stop_token& stop);

}  // namespace larder::net::site
