#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/kinds.hpp>
#include <string_view>

namespace larder::index {

/// The size of a file that its index gives no size for (SHA256SUMS has none).
inline constexpr std::uint64_t unknown_size = ~std::uint64_t{0};

/// In place of the hash of a file that its index names without what it could be verified by here: a
/// SHA-256 and, in Packages, a size. No file has this hash.
inline constexpr digest no_usable_hash{};

/// What an index says of one file: where it is, below `base`, in the form of clean_path; what it
/// hashes to; how many bytes it has. The path is valid during the call. With `no_usable_hash` the size is
/// `unknown_size`, and all that is said is that there is such a file.
using claim_sink = std::function<void(std::string_view path, const digest&, std::uint64_t size)>;

struct scan_totals {
    std::uint64_t stanzas = 0;      ///< of SHA256SUMS: lines
    std::uint64_t claims = 0;       ///< files that the sink was given a hash of
    std::uint64_t unsupported = 0;  ///< files with no SHA-256 but another strong hash
    std::uint64_t skipped = 0;      ///< stanzas, and lines of them, that make no claim that could be used
};

/// Reads the claims out of an index's uncompressed bytes, in the order of the index, in memory that
/// does not grow with it. `base` is the folder that the index's names are relative to, as a path
/// below the archive's root:
///  - packages, sources: the root itself (""), or a flat repository's folder; names are Filename, or
///    Directory and each line of Checksums-Sha256;
///  - sha256sums: the folder that SHA256SUMS is in; lines "HEX  ./path";
///  - pdiff_index: the folder of Index; names are those of SHA256-Download (patches as they are
///    fetched, compressed). SHA256-Patches has the hashes of what they unpack to, which nobody
///    fetches.
///
/// One odd stanza does not take the others with it: what makes no claim that could be used (no, or an
/// odd, SHA-256 or size; an absolute or climbing path) is left out and counted as `skipped`, or as
/// `unsupported` where there is a SHA-512; where its path can be told, the sink is given that with
/// no_usable_hash. As with apt (apt-pkg/tagfile.cc) blanks may stand before a field's colon, and of a
/// field that stands twice the last counts; a line that is no field is not read. The patches of a pdiff
/// index that has no SHA256-Download are `unsupported`, too.
///
/// All or nothing for the caller: what the sink was given counts only once scan has succeeded.
/// `malformed`, with the first complaint, when there was something to skip and nothing in the whole index
/// has a strong hash: that is no index. `too_large`: a line of over 16 MiB. `unsupported`: index_kind::none.
/// Errors of the source are handed on.
result<scan_totals> scan(index_kind, byte_source&, std::string_view base, const claim_sink&);

}  // namespace larder::index
