#include <larder/base/text.hpp>
#include <larder/debs/source.hpp>

namespace larder::debs {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN PGP SIGNED MESSAGE-----";
constexpr std::string_view signature_mark = "-----BEGIN PGP SIGNATURE-----";
constexpr std::string_view end_mark = "-----END PGP SIGNATURE-----";

/// The lines of a text, without what OpenPGP does not sign: blanks at their ends.
class lines {
public:
    explicit lines(std::string_view text) : rest_{text} {}
    bool more() const noexcept { return !rest_.empty(); }
    std::string_view next() noexcept {
        auto line = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
        while (!line.empty() && std::string_view{" \t\r"}.find(line.back()) != std::string_view::npos)
            line.remove_suffix(1);
        return line;
    }

private:
    std::string_view rest_;
};

error odd(const char* why) { return {errc::malformed, std::string{"its clear signature is odd: "} + why}; }

result<void> skip_headers(lines& in) {
    while (in.more()) {
        const auto line = in.next();
        if (line.empty()) return {};
        if (!line.starts_with("Hash: ")) return odd("a header other than Hash");
    }
    return odd("it ends in its headers");
}

/// Up to the signature.
result<std::string> take_text(lines& in) {
    std::string out;
    while (in.more()) {
        auto line = in.next();
        if (line == signature_mark) return out;
        if (line.starts_with("- "))
            line.remove_prefix(2);
        else if (line.starts_with('-'))
            return odd("a line that begins with a dash and is not escaped");
        out += line;
        out += '\n';
    }
    return odd("no signature follows the text");
}

result<void> skip_signature(lines& in) {
    bool ended = false;
    while (in.more()) {
        const auto line = in.next();
        if (ended && !line.empty()) return odd("text follows it");
        if (!ended && line.starts_with("-----") && line != end_mark) return odd("something else begins in it");
        ended = ended || line == end_mark;
    }
    if (!ended) return odd("the signature does not end");
    return {};
}

}  // namespace

result<std::string> signed_part(std::string_view text) {
    lines in{text};
    if (in.next() != begin_mark) {
        if (text.find(begin_mark) != std::string_view::npos) return odd("text stands before it");
        return std::string{text};
    }
    LARDER_CHECK(skip_headers(in));
    LARDER_TRY(auto out, take_text(in));
    LARDER_CHECK(skip_signature(in));
    return out;
}

}  // namespace larder::debs
