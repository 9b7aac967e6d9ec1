#pragma once

#include <cstddef>
#include <functional>
#include <larder/base/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::debs {

/// The paths of one package (binary_package::files) as bytes that may be stored: each path as what it has in common
/// with the one before it and the rest, about a quarter of the text. The first byte is the format's number. Sorted and
/// without repetition, or it throws std::invalid_argument: that is our own mistake.
inline constexpr char packed_paths_format = 1;
std::string pack_paths(std::span<const std::string> sorted);
/// `malformed` for what pack_paths() has not made.
result<std::vector<std::string>> unpack_paths(std::string_view packed);

/// A package in Contents.
struct contents_entry {
    std::string label;        ///< "net/curl", "contrib/games/quake": contents_label()
    std::string_view packed;  ///< pack_paths(); must outlive the call
};
/// SECTION/PACKAGE; the package alone where it has no section.
std::string contents_label(std::string_view section, std::string_view package);

/// Writes a Contents file, as dak does (daklib/contents.py) and apt-file reads it: a line a path, sorted by bytes,
/// blanks up to column 55, one more, and the labels of the packages that have it, by commas, sorted by the package's
/// name; the same label once. A package without a file has no line. Memory: a path and a cursor for each package; the
/// time is that of merging sorted lists. `sink` is given pieces of about 64 KiB.
///
/// `malformed`, with the label, for packed paths that are none, and for a label that is empty or has a blank, comma or
/// control character (a package's own Section may be anything); errors of the sink are handed on. The same entries give
/// the same bytes, whatever their order.
result<void> write_contents(std::span<const contents_entry>, const std::function<result<void>(std::string_view)>& sink);

}  // namespace larder::debs
