#include "text_fields.hpp"
#include <larder/base/text.hpp>

namespace larder::pockets {

void field_writer::add(std::string_view name, std::string_view value) {
    constexpr std::size_t most = 4000;
    const auto line = printable(value, most);
    const auto trimmed = trim(line);
    if (trimmed.empty()) return;
    ((out_ += name) += ": ") += trimmed;
    out_ += '\n';
}

result<void> read_fields(std::string_view text, std::string_view format, std::string_view number, const char* what,
                         const std::function<result<void>(std::string_view, std::string_view)>& take) {
    bool first = true;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return error{errc::malformed, std::string{what} + ": a line without a colon"};
        const auto name = line.substr(0, colon), value = trim(line.substr(colon + 1));
        if (first && name != format) return error{errc::malformed, std::string{what} + ": it does not begin as one"};
        if (first && value != number)
            return error{errc::unsupported,
                         std::string{what} + " of format " + printable(value, 20) + ": a newer Larder made it"};
        if (!first) LARDER_CHECK(take(name, value));
        first = false;
    }
    if (first) return error{errc::malformed, std::string{what} + ": it is empty"};
    return {};
}

}  // namespace larder::pockets
