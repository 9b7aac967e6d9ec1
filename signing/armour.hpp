#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::signing {

/// Takes the first line off `rest`, without its newline; at the end of `rest` that is the rest.
std::string_view take_line(std::string_view& rest);

/// Without the blanks, tabs and carriage returns at its end: what OpenPGP does not see of a line.
std::string_view without_trailing_blanks(std::string_view line);

/// A text as a signature over text covers it: every line without_trailing_blanks, and ended by '\n'.
std::string canonical_text(std::string_view);

/// What may stand outside the armoured blocks of a text.
enum class surroundings {
    blank_lines,  ///< nothing: it would be text nobody signed
    any_text,     ///< comments, as in a file of keys
};

/// The binary content of each armoured block of `kind` ("PGP SIGNATURE"), in their order; perhaps
/// none. `malformed`, with the reason, for a block that is damaged (its checksum is held against it,
/// if it has one), one without an end, or text where `around` allows none.
result<std::vector<std::string>> dearmour(std::string_view text, std::string_view kind, surroundings around);

/// The bytes as one armoured block of `kind`, with its checksum: lines of 64 characters, no headers.
std::string armour(std::string_view bytes, std::string_view kind);

}  // namespace larder::signing
