#include "ar_reader.hpp"
#include <algorithm>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>

namespace larder::debs::detail {
namespace {

constexpr std::string_view ar_magic = "!<arch>\n";
constexpr std::size_t head_bytes = 60;

error ends_too_soon() { return {errc::malformed, "the file ends too soon"}; }

/// Blanks may stand at the end, and a slash before them.
std::string_view plain_name(std::string_view field) noexcept {
    while (field.ends_with(' ')) field.remove_suffix(1);
    if (field.ends_with('/')) field.remove_suffix(1);
    return field;
}

result<ar_reader::member> read_head(std::string_view head) {
    if (head.substr(58) != "`\n") return error{errc::malformed, "no header of an ar member stands where one should"};
    ar_reader::member made;
    made.name = plain_name(head.substr(0, 16));
    const auto size = number_in(trim(head.substr(48, 10)));
    if (!size) return error{errc::malformed, "the size of member '" + printable(made.name) + "' is no number"};
    made.size = *size;
    return made;
}

class rest_source final : public index::byte_source {
public:
    explicit rest_source(ar_reader& of) : of_{of} {}
    result<std::string_view> next() override { return of_.read(); }

private:
    ar_reader& of_;
};

}  // namespace

/// False at the end of the file.
result<bool> ar_reader::refill() {
    if (!rest_.empty()) return true;
    LARDER_TRY(rest_, in_.next());
    hash_.update(rest_);
    taken_ += rest_.size();
    if (taken_ > most_) return error{errc::too_large, "a file of over " + std::to_string(most_) + " bytes"};
    return !rest_.empty();
}

result<std::string> ar_reader::take(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
        LARDER_TRY(const bool more, refill());
        if (!more) break;
        const auto some = rest_.substr(0, bytes - out.size());
        out += some;
        rest_.remove_prefix(some.size());
    }
    return out;
}

result<void> ar_reader::magic() {
    LARDER_TRY(const auto first, take(ar_magic.size()));
    if (first == ar_magic) return {};
    if (first.starts_with("0.93")) return error{errc::unsupported, "a package in the format of 1995, before ar"};
    return error{errc::malformed, "it is no package: it does not begin as an ar file does"};
}

result<std::optional<ar_reader::member>> ar_reader::next() {
    for (;;) {
        LARDER_TRY(const auto piece, read());
        if (piece.empty()) break;
    }
    if (padded_) {
        LARDER_TRY(const auto pad, take(1));
        if (pad.empty()) return ends_too_soon();
    }
    padded_ = false;
    LARDER_TRY(const auto head, take(head_bytes));
    if (head.empty()) return std::optional<member>{};
    if (head.size() < head_bytes) return ends_too_soon();
    LARDER_TRY(auto made, read_head(head));
    left_ = made.size;
    padded_ = made.size % 2 != 0;
    return std::optional{std::move(made)};
}

result<std::string_view> ar_reader::read() {
    if (left_ == 0) return std::string_view{};
    LARDER_TRY(const bool more, refill());
    if (!more) return ends_too_soon();
    const auto piece = rest_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest_.size())));
    rest_.remove_prefix(piece.size());
    left_ -= piece.size();
    return piece;
}

result<std::string> ar_reader::read_all(std::uint64_t most) {
    if (left_ > most) return error{errc::too_large, "it has over " + std::to_string(most) + " bytes"};
    LARDER_TRY(auto all, take(static_cast<std::size_t>(left_)));
    if (all.size() < left_) return ends_too_soon();
    left_ = 0;
    return all;
}

std::unique_ptr<index::byte_source> ar_reader::rest_of_member() { return std::make_unique<rest_source>(*this); }

}  // namespace larder::debs::detail
