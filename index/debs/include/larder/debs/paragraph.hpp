#pragma once

#include <cstddef>
#include <cstdint>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::index {
class stanza;
}

namespace larder::debs {

/// What control data may not exceed: no package of Debian's comes near it.
struct paragraph_limits {
    std::size_t bytes = 4U << 20;
    std::size_t fields = 500;
};

/// One paragraph of control data (Debian Policy 5.1): its bytes as they were written, and where its fields are in
/// them. A value of its own: copies and moves as a string does; what it hands out is valid as long as it is.
class paragraph {
public:
    /// Strict, where the reader of indices (index/deb822.hpp) is as tolerant as apt: what is published from here must
    /// mean the same to dpkg, to apt and to everyone else. Empty lines may stand around the paragraph; they are no
    /// part of it. A newline that lacks at the end is added.
    ///
    /// `malformed`, with the line: nothing in it; a second paragraph; a line that is no field and continues none;
    /// one of blanks only; a name with other characters than Policy 5.1 allows; a field that stands twice, in whatever
    /// case; a NUL or carriage return. `too_large` over the limits.
    static result<paragraph> read(std::string_view text, paragraph_limits = {});

    /// Views into text().
    struct field {
        std::string_view name;   ///< as written: compare without regard to case
        std::string_view value;  ///< trimmed at both ends; folded lines stand in it as written (index::value_lines)
        std::string_view raw;    ///< all that follows the colon, without the last newline
    };
    std::size_t size() const noexcept { return places_.size(); }
    /// In the order of the text.
    field operator[](std::size_t) const noexcept;

    /// The field of this name, whatever the case; O(fields).
    std::optional<field> find(std::string_view name) const noexcept;
    /// Its value; empty when there is none.
    std::string_view get(std::string_view name) const noexcept;
    /// The same, but `malformed` when it is absent or empty.
    result<std::string_view> need(std::string_view name) const;

    /// Byte for byte, with the newline at the end.
    const std::string& text() const noexcept { return text_; }

private:
    struct place {
        std::uint32_t name, name_end, raw_end;
    };
    void note_places(const index::stanza&);

    std::string text_;
    std::vector<place> places_;
};

}  // namespace larder::debs
