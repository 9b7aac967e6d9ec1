#include <larder/base/text.hpp>
#include <larder/index/compose.hpp>
#include <larder/index/kinds.hpp>
#include <set>

namespace larder::index {
namespace {

constexpr std::size_t max_stanza = 16U << 20;

/// The value of a field that begins a line; the last counts, as with apt.
std::string_view field_of(std::string_view stanza, std::string_view name) {
    std::string_view value;
    for (const auto line : split(stanza, '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || line.starts_with(' ') || line.starts_with('\t')) continue;
        if (iequals(trim(line.substr(0, colon)), name)) value = trim(line.substr(colon + 1));
    }
    return value;
}

result<void> hand_over(std::string_view text, const std::function<result<void>(const raw_stanza&)>& take) {
    while (text.starts_with('\n')) text.remove_prefix(1);
    if (text.empty()) return {};
    std::string ended;
    if (!text.ends_with('\n')) text = (ended = std::string{text} + "\n");
    return take({text, field_of(text, "Package"), field_of(text, "Version")});
}

}  // namespace

result<void> each_stanza(byte_source& in, const std::function<result<void>(const raw_stanza&)>& take) {
    std::string buffer;
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) break;
        // The empty line may straddle two pieces.
        auto looked = buffer.empty() ? std::size_t{0} : buffer.size() - 1;
        buffer += piece;
        std::size_t begin = 0;
        for (auto end = buffer.find("\n\n", looked); end != std::string::npos; end = buffer.find("\n\n", looked)) {
            LARDER_CHECK(hand_over(std::string_view{buffer}.substr(begin, end + 1 - begin), take));
            begin = looked = end + 2;
        }
        buffer.erase(0, begin);
        if (buffer.size() > max_stanza) return error{errc::too_large, "a stanza of over 16 MiB"};
    }
    return hand_over(buffer, take);
}

result<void> compose(byte_source& base, const replacements& by_name, const byte_sink& out) {
    std::set<std::string_view> done;
    auto next = by_name.begin();
    const auto put = [&](const replacements::value_type& one) -> result<void> {
        if (!done.insert(one.first).second) return {};
        for (const auto& text : one.second) {
            LARDER_CHECK(out(text));
            LARDER_CHECK(out("\n"));
        }
        return {};
    };
    const auto take = [&](const raw_stanza& one) -> result<void> {
        for (; next != by_name.end() && next->first < one.name; ++next) LARDER_CHECK(put(*next));
        if (const auto replaced = by_name.find(one.name); replaced != by_name.end()) return put(*replaced);
        LARDER_CHECK(out(one.text));
        return out("\n");
    };
    LARDER_CHECK(each_stanza(base, take));
    for (const auto& one : by_name) LARDER_CHECK(put(one));
    return {};
}

namespace {

/// What a line of a section is about: "HASH SIZE PATH".
std::string_view path_of(std::string_view line) {
    const auto parts = words(line);
    if (parts.size() != 3) return {};
    return parts[2].starts_with("./") ? parts[2].substr(2) : parts[2];
}

class rewriter {
public:
    explicit rewriter(const std::vector<release_file>& fresh) : fresh_{fresh} {
        for (const auto& one : fresh) stems_.insert(without_compression(one.path));
    }

    std::string run(std::string_view release) {
        // The empty piece behind the last newline is no line.
        if (release.ends_with('\n')) release.remove_suffix(1);
        for (const auto line : split(release, '\n')) {
            const bool folded = line.starts_with(' ') || line.starts_with('\t');
            if (!folded) begin(line.substr(0, line.find(':')));
            if (folded && !section_.empty() && is_replaced(path_of(line))) continue;
            (out_ += line) += '\n';
        }
        begin({});
        return std::move(out_);
    }

private:
    void begin(std::string_view field) {
        for (const auto& one : fresh_) add(one);
        section_.clear();
        for (const auto* known : {"MD5Sum", "SHA1", "SHA256", "SHA512"})
            if (iequals(trim(field), known)) section_ = known;
    }
    void add(const release_file& one) {
        std::string hex;
        if (section_ == "SHA256" && one.sha256) hex = one.sha256->hex();
        if (section_ == "SHA512") hex = one.sha512;
        if (!hex.empty()) out_ += " " + hex + " " + std::to_string(one.size) + " " + one.path + "\n";
    }
    bool is_replaced(std::string_view path) const {
        if (stems_.contains(without_compression(path))) return true;
        const auto diff = path.rfind(".diff/");
        return diff != std::string_view::npos && stems_.contains(path.substr(0, diff));
    }

    const std::vector<release_file>& fresh_;
    std::set<std::string_view> stems_;
    std::string section_;
    std::string out_;
};

}  // namespace

std::string with_files(std::string_view release, const std::vector<release_file>& fresh) {
    return rewriter{fresh}.run(release);
}

}  // namespace larder::index
