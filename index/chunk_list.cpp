#include <algorithm>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/index/chunk_pack.hpp>
#include <optional>

namespace larder::index {
namespace {

constexpr std::string_view format_line = "Larder-Index: ";
constexpr std::string_view content_line = "Content: ";
constexpr std::string_view pack_line = "Pack: ";
constexpr std::size_t kept_columns = 5, published_columns = 7, xz_columns = 8;
constexpr std::uint64_t most_text = 64U << 20;
constexpr std::uint64_t most_chunk = 32U << 20;
/// Beyond what any file has; sums of a few such numbers do not wrap.
constexpr std::uint64_t most_bytes = 1ULL << 48;

error odd(std::size_t line) {
    return {errc::malformed, "a list of chunks: line " + std::to_string(line) + " cannot be read"};
}

/// Below a limit, and as write() has it: no zeros in front.
std::optional<std::uint64_t> size_in(std::string_view text) {
    const auto value = number_in(text);
    if (!value || *value > most_bytes || (text.size() > 1 && text.front() == '0')) return {};
    return value;
}

std::optional<digest> digest_in(std::string_view text) {
    const auto value = digest::from_hex(text);
    if (!value || value->hex() != text) return {};
    return *value;
}

/// What is left of a text, line by line.
class lines {
public:
    explicit lines(std::string_view text) : rest_{text} {}

    bool more() const noexcept { return !rest_.empty(); }
    std::size_t number() const noexcept { return number_; }
    /// Nothing where the last one does not end.
    std::optional<std::string_view> next() {
        ++number_;
        const auto end = rest_.find('\n');
        if (end == std::string_view::npos) return {};
        const auto line = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return line;
    }

private:
    std::string_view rest_;
    std::size_t number_ = 0;
};

bool take_content(chunk_list& list, std::string_view line) {
    if (!line.starts_with(content_line)) return false;
    const auto parts = split(line.substr(content_line.size()), ' ');
    const auto content = digest_in(parts[0]);
    const auto size = parts.size() == 2 ? size_in(parts[1]) : std::nullopt;
    if (!content || !size) return false;
    list.content = *content;
    list.size = *size;
    return true;
}

bool take_pack(chunk_list& list, std::string_view line) {
    if (!line.starts_with(pack_line)) return false;
    const auto pack = digest_in(line.substr(pack_line.size()));
    if (pack) list.packs.push_back(*pack);
    return pack.has_value();
}

/// The name of a package, as far as a list needs it: it can be found again.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 500 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<std::uint64_t> form_in(std::string_view text) {
    const auto size = size_in(text);
    return size && *size != 0 && *size <= 2 * most_chunk ? size : std::nullopt;
}

bool take_chunk(chunk_list& list, std::string_view line, std::size_t columns) {
    const auto parts = split(line, ' ');
    if (parts.size() != columns) return false;
    const auto content = digest_in(parts[0]);
    const auto size = size_in(parts[1]), pack = size_in(parts[2]), offset = size_in(parts[3]),
               stored = size_in(parts[4]);
    if (!content || !size || !pack || !offset || !stored) return false;
    if (*size == 0 || *size > most_chunk || *stored == 0 || *stored > 2 * most_chunk || *pack > list.packs.size())
        return false;
    kept_chunk one{*content, *size, *pack, *offset, *stored};
    if (columns != kept_columns) {
        const auto gzip = form_in(parts[5]), xz = columns == xz_columns ? form_in(parts[6]) : std::optional{0UL};
        if (!gzip || !xz || !is_name(parts.back())) return false;
        one.gzip = *gzip;
        one.xz = *xz;
        one.first = parts.back();
    }
    list.chunks.push_back(std::move(one));
    return true;
}

/// Of which format its lines are. All of its chunks have the forms that one has.
char format_of(const chunk_list& list) {
    if (list.chunks.empty() || list.chunks.front().gzip == 0) return '1';
    return list.chunks.front().xz == 0 ? '2' : '3';
}

std::optional<std::size_t> columns_of(std::string_view format) {
    if (format == "1") return kept_columns;
    if (format == "2") return published_columns;
    if (format == "3") return xz_columns;
    return {};
}

}  // namespace

std::string chunk_list::write() const {
    const char format = format_of(*this);
    std::string out{format_line};
    (out += format) += "\n";
    ((out += content_line) += content.hex()) += " " + std::to_string(size) + "\n";
    for (const auto& pack : packs) ((out += pack_line) += pack.hex()) += "\n";
    out += "\n";
    for (const auto& one : chunks) {
        out += one.content.hex() + " " + std::to_string(one.size) + " " + std::to_string(one.pack) + " " +
               std::to_string(one.offset) + " " + std::to_string(one.stored);
        if (format != '1') out += " " + std::to_string(one.gzip);
        if (format == '3') out += " " + std::to_string(one.xz);
        if (format != '1') out += " " + one.first;
        out += "\n";
    }
    return out;
}

result<chunk_list> chunk_list::read(std::string_view text) {
    if (text.size() > most_text) return error{errc::too_large, "a list of chunks of over 64 MiB"};
    chunk_list list;
    lines in{text};
    const auto format = in.next();
    if (!format || !format->starts_with(format_line)) return odd(in.number());
    const auto version = format->substr(format_line.size());
    const auto columns = columns_of(version);
    if (!columns)
        return error{errc::unsupported,
                     "a list of chunks of format " + printable(version, 20) + ": a newer Larder made it"};
    const auto content = in.next();
    if (!content || !take_content(list, *content)) return odd(in.number());
    for (;;) {
        const auto line = in.next();
        if (line && line->empty()) break;
        if (!line || !take_pack(list, *line)) return odd(in.number());
    }
    std::uint64_t sum = 0;
    while (in.more()) {
        const auto line = in.next();
        if (!line || !take_chunk(list, *line, *columns)) return odd(in.number());
        sum += list.chunks.back().size;
    }
    if (sum != list.size)
        return error{errc::malformed, "a list of chunks: they have " + std::to_string(sum) + " bytes, the index " +
                                          std::to_string(list.size)};
    return list;
}

void add_chunks(known_chunks& to, const digest& file, const chunk_list& list) {
    for (const auto& one : list.chunks)
        to.try_emplace(one.content, chunk_place{one.pack == 0 ? file : list.packs[one.pack - 1], one.offset, one.stored,
                                                one.gzip, one.xz});
}

}  // namespace larder::index
