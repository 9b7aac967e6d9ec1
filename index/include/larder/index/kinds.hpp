#pragma once

#include <string_view>

namespace larder::index {

/// What a file below dists/<suite>/ lists, as far as it names other files with their hashes.
enum class index_kind {
    none,         ///< names nothing: Contents, Translation, DEP-11, and all that is unknown
    packages,     ///< Packages, of .debs and of udebs
    sources,      ///< Sources
    sha256sums,   ///< SHA256SUMS of the installer's folders
    pdiff_index,  ///< Packages.diff/Index, Sources.diff/Index, Contents-amd64.diff/Index …
};

/// How a file is compressed, by the ending of its name, as apt goes by it.
enum class compression { none, gz, xz, lzma, bz2, zst, lz4 };

/// By its name alone, whatever the compression: "main/binary-amd64/Packages.xz" is `packages`. Takes
/// a path below the suite (or, in a flat repository, below its folder). by-hash names are `none`:
/// resolve them through the Release file first.
index_kind kind_of(std::string_view path) noexcept;

compression compression_of(std::string_view path) noexcept;

/// "main/binary-amd64/Packages.xz" -> "main/binary-amd64/Packages"; a path without a known ending as
/// it is. A view into the argument.
std::string_view without_compression(std::string_view path) noexcept;

}  // namespace larder::index
