#pragma once

#include <larder/net/deployments.hpp>
#include <optional>
#include <site/known_changes.hpp>
#include <site/pages.hpp>
#include <string>
#include <vector>

namespace larder::net::site {

/// The pages of deployments, rendered from plain values. They are below /pages/deployments: each generation, unit and
/// comparison has a URL of its own. Lists are cut
/// off after so many rows, and say where the whole is.
/// What may be told to whoever asks: who did something and why, units, and what machines use are for those with a role.
enum class told { everybody, readers };

struct pin_view {
    deployments::pin pin;
    std::optional<sys_seconds> date;  ///< of its Release; nothing when the state cannot be read
};

std::string deployments_page(const overview& view, const deployment_list& all);
std::string deployment_page(const overview& view, const deployment_history& of, const std::vector<pin_view>& pins,
                            told whom);
/// `changes` is null when there is nothing to set it against. `against`: the number of that generation.
std::string generation_page(const overview& view, const deployment_history& of, const deployments::generation& shown,
                            const std::vector<pin_view>& pins, std::uint64_t against, const generation_changes* changes,
                            told whom);
std::string units_page(const overview& view, const units_report& report);
std::string unit_page(const overview& view, const units_report& report, const unit_row& unit);
std::string holding_page(const overview& view, const hold_report& report);

/// For those who have shown no token.
std::string sign_in_page(const overview& view);
std::string trouble_page(const overview& view, std::string_view heading, std::string_view why);

// Pieces of them.

/// "/pages/deployments/web", and what follows it.
std::string page_of(std::string_view deployment, std::string_view rest = {});
std::string api_of(std::string_view deployment, std::string_view rest = {});
enum class tab { overview, generation, units, unit, holding };
/// The way to a deployment's other pages.
html tabs(const deployments::deployment& d, tab here, std::string_view json);
html removal_note(const deployments::deployment& d);
html link(std::string_view to, std::string_view words);
html words(std::string_view text);
html code(std::string_view text);
/// "500 of 63,000 are shown: all of them as JSON."; nothing when all are.
html more_of(std::size_t shown, std::size_t all, std::string_view json);

}  // namespace larder::net::site
