#include "package_table.hpp"
#include <algorithm>

namespace larder::qa {
namespace {

constexpr std::size_t most_stanza = 16U << 20;

result<void> read_text(std::string_view text, std::size_t lines_before, detail::package_table& into,
                       index_reading& out) {
    index::deb822_reader reader{text};
    for (index::stanza one;;) {
        LARDER_TRY(const bool more, reader.next(one));
        if (!more) return {};
        LARDER_CHECK(into.add(one, lines_before, out));
    }
}

}  // namespace

universe::universe(architectures of) : table_{std::make_unique<detail::package_table>(std::move(of))} {}
universe::~universe() = default;

result<index_reading> universe::read(std::string_view packages) {
    index_reading out;
    LARDER_CHECK(read_text(packages, 0, *table_, out));
    return out;
}

result<index_reading> universe::read(index::byte_source& packages) {
    index_reading out;
    std::string held;
    std::size_t lines = 0;
    for (;;) {
        LARDER_TRY(const auto piece, packages.next());
        if (piece.empty()) break;
        held += piece;
        const auto end = held.rfind("\n\n");
        if (end == std::string::npos) {
            if (held.size() > most_stanza) return error{errc::too_large, "a stanza of over 16 MiB"};
            continue;
        }
        const auto whole = std::string_view{held}.substr(0, end + 2);
        LARDER_CHECK(read_text(whole, lines, *table_, out));
        lines += static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n'));
        held.erase(0, end + 2);
    }
    LARDER_CHECK(read_text(held, lines, *table_, out));
    return out;
}

package_key universe::key(package_id p) const { return table_->key(p); }
std::size_t universe::size() const noexcept { return table_->size(); }

}  // namespace larder::qa
