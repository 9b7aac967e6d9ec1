#pragma once

#include <cstddef>
#include <larder/base/result.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace larder::index {

/// One field of a stanza. Both views point into the text that the reader was given.
struct field {
    std::string_view name;   ///< as written: compare without regard to case
    std::string_view value;  ///< trimmed at both ends; folded lines stand in it as written (see value_lines)
    std::size_t line = 0;    ///< where it begins, counted from 1
};

/// Whether a line that begins with '#' is a comment. apt takes them in .sources files and in
/// configuration only; in an index such a line is a field like any other.
enum class comments { refused, allowed };

/// What a stanza may not exceed, so that a hostile text cannot make the reader quadratic or large.
struct deb822_limits {
    std::size_t fields = 500;
    std::size_t field_bytes = 10'000'000;
};

/// The lines of a folded value, each trimmed, empty ones and comments left out.
std::vector<std::string_view> value_lines(std::string_view value);
/// The words of a folded value, comments left out.
std::vector<std::string_view> value_words(std::string_view value);

/// A stanza: its fields in the order of the text. Valid as long as the text is.
class stanza {
public:
    /// The value, or nothing when there is no such field. Without regard to case; O(fields).
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    /// The same, or an empty text.
    std::string_view get(std::string_view name) const noexcept { return find(name).value_or(std::string_view{}); }

    const std::vector<field>& fields() const noexcept { return fields_; }
    /// Of its first field, counted from 1.
    std::size_t line() const noexcept { return fields_.empty() ? 0 : fields_.front().line; }

private:
    friend class deb822_reader;
    std::vector<field> fields_;
};

/// Reads the stanzas of a text one after the other without copying it, by the rules that apt has
/// (apt-pkg/tagfile.cc): only an empty line ends a stanza (a line of blanks goes on with the field
/// above it), a field name begins in the first column, blanks may stand before its colon, names differ
/// by more than case, and of a field that stands twice in a stanza the last counts. A line that is no
/// field is left out with what is folded below it (apt takes it for the beginning of the next field's
/// name). The one error is `too_large`, which names the line.
class deb822_reader {
public:
    explicit deb822_reader(std::string_view text, comments = comments::refused, deb822_limits = {}) noexcept;

    /// Fills in the next stanza; false at the end of the text, and again after it. After an error the
    /// reader is of no more use.
    result<bool> next(stanza&);

private:
    std::string_view take_line() noexcept;
    result<bool> add_field(stanza&, std::string_view line) const;

    std::string_view rest_;
    comments comments_;
    deb822_limits limits_;
    std::size_t line_ = 0;  // the number of the line taken last
};

}  // namespace larder::index
