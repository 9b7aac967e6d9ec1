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

/// What an index says of one file: where it is, below `base`, in the form of clean_path; what it
/// hashes to; how many bytes it has. The path is valid during the call.
using claim_sink = std::function<void(std::string_view path, const digest&, std::uint64_t size)>;

struct scan_totals {
    std::uint64_t stanzas = 0;      ///< of SHA256SUMS: lines
    std::uint64_t claims = 0;       ///< calls of the sink
    std::uint64_t unsupported = 0;  ///< entries with no SHA-256 for the file but another strong hash
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
/// All or nothing for the caller: what the sink was given counts only once scan has succeeded. The
/// whole index is `malformed`, with stanza and line, when an entry has a bad or climbing path, no or
/// an odd size, no or an odd hash, or one of these fields twice in a stanza. An entry that has no
/// SHA-256 but a SHA-512 is sound, but nothing here can name its object: it is left out and counted
/// as `unsupported`, so that one such package does not take the others with it. The same goes for
/// the patches of a pdiff index that has no SHA256-Download. `too_large`: a line of over 16 MiB.
/// `unsupported`: index_kind::none. Errors of the source are handed on.
result<scan_totals> scan(index_kind, byte_source&, std::string_view base, const claim_sink&);

}  // namespace larder::index
