#pragma once

#include <site/pocket_pages.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::net::site {

/// What is to be agreed to: a step, the pages that stand before it, and the mark that the form carries (form_seal.hpp).
struct step_question {
    std::string what;  ///< "promote", "rollback"
    std::string pocket;
    std::vector<std::string> only;  ///< of a promotion
    std::uint64_t to = 0;           ///< of a rollback: the publication
    std::string seal;
};

/// What would change, what the gate says, and the form, where there is something to agree to.
std::string step_page(const overview& view, const step_question& asked, const waiting_view& waiting,
                      const page_visitor& visitor);
/// Nothing was done, and why; `back`: where to look again.
std::string refusal_page(const overview& view, std::string_view heading, std::string_view why,
                         const std::vector<std::string>& findings, std::string_view back);

}  // namespace larder::net::site
