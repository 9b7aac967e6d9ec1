#pragma once

#include <larder/base/result.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/debs/source.hpp>
#include <string_view>
#include <vector>

namespace larder::debs::detail {

/// What a .dsc, .changes or .buildinfo may weigh, and how many files it may list.
inline constexpr std::size_t most_description = 4U << 20;
inline constexpr std::size_t most_files = 1000;

/// A line of Files, of five words in a .changes and of three in a .dsc (Debian Policy 5.6.21).
struct files_line {
    std::string_view section, priority, name;
    std::uint64_t size = 0;
};

/// The files of Checksums-Sha256 (Policy 5.6.24), when what Checksums-Sha1 says, if it is there, is the same.
result<std::vector<listed_file>> read_checksums(const paragraph&);
/// The lines of Files, when they are of these very files; none when there is no such field.
result<std::vector<files_line>> read_files(const paragraph&, const std::vector<listed_file>&, std::size_t words_a_line);

}  // namespace larder::debs::detail
