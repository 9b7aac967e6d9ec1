#pragma once

#include <larder/base/result.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/source.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::debs {

/// What an archive says of a package in place of the package's own words.
struct overrides {
    std::optional<std::string> section, priority;
    std::optional<unsigned> phased_update_percentage;  ///< 0 to 100; of binary packages only
};

/// Its stanza in Packages, without the empty line after it. Byte for byte what `apt-ftparchive packages` of apt 2.6
/// writes with only SHA256 on: its order (apt-pkg/tagfile-order.c; Filename, Size and SHA256 stand before Homepage
/// and Description), its spelling of the names that it knows; fields that it does not know follow in their own order.
/// Values are as the package has them, byte for byte but for blanks at both ends. Of what the package says of itself
/// only those fields are left out that are the archive's to say: Filename, Size, all hashes, Status.
///
/// `filename` is the path below the archive's root (pool_folder() and package_file_name()). `malformed` for one, or an
/// override, that would not stay in its line, and for a percentage over 100.
result<std::string> packages_stanza(const binary_package&, std::string_view filename, const overrides& = {});

/// Its stanza in Sources, as `apt-ftparchive sources` writes it with only SHA256 on: Package in place of Source,
/// Directory, and the .dsc first in Checksums-Sha256. Files and the other lists of hashes are left out: apt-get
/// source (2.6) does without. A Priority of the .dsc's own stays, which apt-ftparchive would drop. `directory` as from
/// pool_folder(); `malformed` as above.
result<std::string> sources_stanza(const source_package&, std::string_view directory, const overrides& = {});

/// A field of a stanza with another value, of one line; empty: the stanza is to be without it.
struct field_change {
    std::string name, value;
};
/// A stanza of Packages or Sources, as an index has it and without the empty line after it, with these changes and
/// byte for byte otherwise. A field that it has not comes where packages_stanza() or sources_stanza() would have it:
/// in front of the first that follows it in their order. `malformed` as from paragraph::read(), and for a value that
/// would not stay in its line.
result<std::string> change_stanza(std::string_view stanza, const std::vector<field_change>&);

}  // namespace larder::debs
