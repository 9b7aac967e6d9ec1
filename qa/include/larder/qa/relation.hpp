#pragma once

#include <larder/base/result.hpp>
#include <string_view>
#include <vector>

// The relationship fields of binary packages: Depends, Conflicts, Provides and so on (Debian Policy 7.1).

namespace larder::qa {

/// One alternative of a dependency: "libc6:any (>= 2.36)". Views into the text that it was read from.
struct alternative {
    std::string_view name;
    std::string_view relation;  ///< "", "<<", "<=", "=", ">=", ">>"; of old also "<" and ">"
    std::string_view version;
    std::string_view architecture = {};  ///< what stands after the colon: "any", "i386"
};

/// Reads one alternative as dpkg does (lib/dpkg/fields.c): a name of letters, digits and "-+._"; a version in
/// parentheses of which "=" is meant where it has no operator. Else `malformed`, with the reason.
result<alternative> parse_alternative(std::string_view text);

/// Reads one group of alternatives ("a (>= 1) | b"), without architecture and profile restrictions,
/// which binary packages do not have. A part that cannot be read is left out.
std::vector<alternative> parse_alternatives(std::string_view group);

/// Whether a version is one that the alternative takes. `version` empty: of a virtual package without
/// one, which fits only where none is asked for (Debian Policy 7.5).
bool fits(const alternative& wanted, std::string_view version);

/// Calls `seen` for each part between two separators, trimmed, also when it is empty.
template <class F>
void each_part(std::string_view text, char separator, F&& seen) {
    for (;;) {
        const auto end = text.find(separator);
        auto part = text.substr(0, end);
        while (!part.empty() && static_cast<unsigned char>(part.front()) <= ' ') part.remove_prefix(1);
        while (!part.empty() && static_cast<unsigned char>(part.back()) <= ' ') part.remove_suffix(1);
        seen(part);
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

}  // namespace larder::qa
