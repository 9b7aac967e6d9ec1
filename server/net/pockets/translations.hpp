#pragma once

#include "pockets/edition.hpp"
#include "pockets/offers.hpp"

// Long descriptions apart from Packages: COMPONENT/i18n/Translation-en, which apt asks for in the languages that it is
// told to, and once for all architectures.

namespace larder::net::publishing {

std::string translation_path(const std::string& component);
/// Of all components, where the pocket has them.
std::vector<std::string> translation_paths(const pockets::pocket& of);

/// `refused` when these indices were made otherwise than the pocket is, and have packages.
result<void> check_translations(const pockets::pocket& of, const known_indices& indices);

/// In a pocket that has translations: parts the edits' stanzas of their descriptions, and adds the edits of
/// Translation-en. Of a package there stand those that the stanzas name of any of its architectures, sorted by their
/// MD5: of the edits, of `described`, or what stands there already; one that is nowhere is left out, and apt shows the
/// short one. Installer packages keep theirs.
result<void> split_descriptions(engine& e, edition& what);

/// What another pocket's Translation-en has of the packages that these edits put somewhere; nothing where it has none.
result<descriptions> descriptions_in(engine& e, const pockets::pocket& from, const index_edits& edits);

/// What a suite's Translation-en, as far as it is here, has of stanzas in the edits. Not looked
/// for when the pocket has no translations.
result<descriptions> descriptions_offered(engine& e, const offered_suite& from, const pockets::pocket& of,
                                          const index_edits& edits);

}  // namespace larder::net::publishing
