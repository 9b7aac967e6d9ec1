#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// ASCII only, as HTTP and deb822 field names are.
bool iequals(std::string_view a, std::string_view b) noexcept;
std::string to_lower(std::string_view);
/// Without spaces and tabs (and CR, LF) at both ends.
std::string_view trim(std::string_view) noexcept;
/// At runs of spaces, tabs and newlines; never an empty part.
std::vector<std::string_view> words(std::string_view);
/// At every `separator`; "a,,b" has three parts, "" has one.
std::vector<std::string_view> split(std::string_view, char separator);

/// The parts with one space between each two.
std::string joined(const std::vector<std::string>& parts);

/// Percent-decodes once. A '%' without two hex digits, a NUL, or an encoded '/' or '\' ("%2f",
/// "%5c": the same path spelt so that checks before us saw another) is `refused`.
result<std::string> percent_decode(std::string_view);
/// Encodes what is not unreserved, '/' or one of "~+:=@" — as upstreams and apt write pool paths.
std::string percent_encode(std::string_view path);

/// The one form of a path inside an archive: relative, no empty, "." or ".." part, no control
/// character, no backslash, at most 1,000 bytes. "a//b/./c" becomes "a/b/c"; "..", or nothing left
/// of it, is `refused`. Takes what is already decoded.
result<std::string> clean_path(std::string_view);

/// For text that stands inside HTML.
std::string html_escape(std::string_view);
/// The text, with U+FFFD for every byte that is no part of a UTF-8 character: file names, what upstreams
/// send and what clients ask for may hold any bytes, but JSON is UTF-8, and readers refuse the rest.
std::string valid_utf8(std::string_view);
/// For text from outside in logs, headers and one-line bodies: valid UTF-8 in any case, control
/// characters (C0, DEL and C1) become '?', and of what does not fit into `limit` bytes no part of a
/// character is left.
std::string printable(std::string_view, std::size_t limit = 300);

}  // namespace larder
