#pragma once

#include <larder/base/text.hpp>
#include <string>
#include <string_view>

namespace larder::net::site {

/// Text that stands in the program itself: nothing else becomes markup.
struct literal {
    // NOLINTNEXTLINE(google-explicit-constructor)
    consteval literal(const char* t) : text{t} {}
    std::string_view text;
};

/// Writes HTML. What comes from outside (an upstream's error, a suite's name, a request's Host) can
/// only be added with text(), which escapes it; so there is no way to forget it.
class html {
public:
    html& operator<<(literal markup) {
        out_ += markup.text;
        return *this;
    }
    /// For the inside of elements and of quoted attributes alike. Control characters become '?'.
    html& text(std::string_view from_outside, std::size_t limit = 2000) {
        out_ += html_escape(printable(from_outside, limit));
        return *this;
    }
    /// The same, keeping its newlines: for <pre>.
    html& lines(std::string_view from_outside) {
        bool first = true;
        for (const auto line : split(from_outside, '\n')) {
            if (!first) out_ += '\n';
            first = false;
            text(line);
        }
        return *this;
    }
    html& add(const html& part) {
        out_ += part.out_;
        return *this;
    }

    const std::string& str() const noexcept { return out_; }

private:
    std::string out_;
};

}  // namespace larder::net::site
