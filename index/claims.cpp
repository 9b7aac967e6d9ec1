#include "checksum_line.hpp"
#include "line_reader.hpp"
#include <array>
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>
#include <vector>

namespace larder::index {
namespace {

using detail::checksum_line;

/// What the three stanza formats share: which of a stanza's fields matter, kept by copy (a stanza may
/// straddle pieces); where we are, for errors. Other fields cost one look at their first byte.
class stanza_scanner {
public:
    stanza_scanner(std::string_view base, const claim_sink& sink) : base_{base}, sink_{sink} {}
    virtual ~stanza_scanner() = default;
    stanza_scanner(const stanza_scanner&) = delete;
    stanza_scanner& operator=(const stanza_scanner&) = delete;

    result<scan_totals> run(byte_source& in) {
        LARDER_CHECK(detail::each_line(in, [this](std::string_view line) { return take(line); }));
        LARDER_CHECK(end_stanza());
        return totals_;
    }

protected:
    struct wanted {
        std::string_view name;
        std::string value{};  // folded lines joined by newlines
        bool present = false;
    };

    /// The stanza is complete: make claims of its fields.
    virtual result<void> finish() = 0;
    /// The fields that matter, always the same ones in the same place.
    virtual std::span<wanted> fields() noexcept = 0;

    error bad(const std::string& what) const {
        return {errc::malformed,
                "stanza " + std::to_string(totals_.stanzas + 1) + " (line " + std::to_string(begin_) + "): " + what};
    }
    result<void> claim(std::string_view folder, std::string_view name, std::string_view hex, std::uint64_t size) {
        if (auto ok = detail::path_under(folder, name, path_); !ok) return bad(ok.error().detail());
        const auto value = digest::from_hex(hex);
        if (!value) return bad("'" + path_ + "': " + value.error().detail());
        sink_(path_, *value, size);
        ++totals_.claims;
        return {};
    }
    void skip(std::uint64_t n) noexcept { totals_.unsupported += n; }
    std::string_view base() const noexcept { return base_; }

private:
    result<void> take(std::string_view line) {
        ++line_;
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) return end_stanza();
        if (line.front() == ' ' || line.front() == '\t') {
            if (begin_ == 0) return bad_line("a folded line with no field above it");
            if (current_) (current_->value += '\n') += line;
            return {};
        }
        if (begin_ == 0) begin_ = line_;
        current_ = nullptr;
        for (auto& f : fields()) {
            if ((line.front() | 0x20) != (f.name.front() | 0x20)) continue;
            if (line.size() > f.name.size() && line[f.name.size()] == ':' &&
                iequals(line.substr(0, f.name.size()), f.name))
                return open(f, line.substr(f.name.size() + 1));
        }
        if (line.find(':') == std::string_view::npos) return bad_line("no field (expected 'Name: value')");
        return {};
    }
    result<void> open(wanted& f, std::string_view value) {
        if (f.present) return bad_line("the field '" + std::string{f.name} + "' stands twice in its stanza");
        f.present = true;
        f.value.assign(value);
        current_ = &f;
        return {};
    }
    result<void> end_stanza() {
        if (begin_ == 0) return {};
        LARDER_CHECK(finish());
        ++totals_.stanzas;
        for (auto& f : fields()) f.present = false;
        begin_ = 0;
        current_ = nullptr;
        return {};
    }
    error bad_line(const std::string& what) const {
        return {errc::malformed, "line " + std::to_string(line_) + ": " + what};
    }

    std::string_view base_;
    const claim_sink& sink_;
    scan_totals totals_;
    std::string path_;
    wanted* current_ = nullptr;  // the field that a folded line goes on with, if it matters
    std::uint64_t line_ = 0;
    std::uint64_t begin_ = 0;  // the stanza's first line, 0 between stanzas
};

class packages_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    result<void> finish() override {
        const auto& [filename, size, sha256, sha512] = fields_;
        const auto name = filename.present ? trim(filename.value) : std::string_view{};
        if (name.empty()) return bad("no Filename");
        const auto bytes = size.present ? detail::parse_number(trim(size.value)) : std::nullopt;
        if (!bytes || *bytes == unknown_size) return bad("'" + printable(name, 100) + "' has no Size, or an odd one");
        if (sha256.present) return claim(base(), name, trim(sha256.value), *bytes);
        if (!sha512.present) return bad("'" + printable(name, 100) + "' has no SHA256");
        skip(1);
        return {};
    }
    std::array<wanted, 4> fields_{{{"Filename"}, {"Size"}, {"SHA256"}, {"SHA512"}}};
};

/// "HEX SIZE NAME" lines, each a claim under `folder`.
template <class Claim>
result<std::uint64_t> each_checksum(std::string_view value, Claim&& on_entry) {
    std::uint64_t n = 0;
    while (!value.empty()) {
        const auto end = std::min(value.find('\n'), value.size());
        const auto text = trim(value.substr(0, end));
        value.remove_prefix(std::min(end + 1, value.size()));
        if (text.empty()) continue;
        LARDER_CHECK(on_entry(text, detail::parse_checksum_line(text)));
        ++n;
    }
    return n;
}

class sources_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    result<void> finish() override {
        const auto &directory = fields_[0], &sha256 = fields_[1], &sha512 = fields_[2];
        if (!directory.present || trim(directory.value).empty()) return bad("no Directory");
        if (!sha256.present && !sha512.present) return bad("no Checksums-Sha256");
        folder_.assign(base());
        // "." is the folder itself, as flat repositories write it.
        if (const auto below = trim(directory.value); below != "." && below != "./") {
            if (auto ok = detail::path_under(base(), below, folder_); !ok) return bad(ok.error().detail());
        }
        LARDER_TRY(const auto n, each_checksum(sha256.present ? sha256.value : sha512.value,
                                               [&](std::string_view text, const std::optional<checksum_line>& line) {
                                                   return entry(text, line, sha256.present);
                                               }));
        if (n == 0) return bad("a source package without files");
        if (!sha256.present) skip(n);
        return {};
    }
    result<void> entry(std::string_view text, const std::optional<checksum_line>& line, bool claimed) {
        if (!line || line->size == unknown_size || line->name.find('/') != std::string_view::npos)
            return bad("'" + printable(text, 100) + "' is not 'HASH SIZE NAME'");
        if (!claimed) return {};
        return claim(folder_, line->name, line->hex, line->size);
    }
    std::array<wanted, 3> fields_{{{"Directory"}, {"Checksums-Sha256"}, {"Checksums-Sha512"}}};
    std::string folder_;
};

class pdiff_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    result<void> finish() override {
        const auto &download = fields_[0], &patches = fields_[1], &current = fields_[2];
        if (!download.present && !patches.present && !current.present)
            return bad("no SHA256-Current, SHA256-Patches or SHA256-Download");
        const auto& field = download.present ? download : patches;
        if (!field.present) return {};
        LARDER_TRY(const auto n,
                   each_checksum(field.value, [&](std::string_view text, const std::optional<checksum_line>& line) {
                       return entry(text, line, download.present);
                   }));
        if (!download.present) skip(n);
        return {};
    }
    result<void> entry(std::string_view text, const std::optional<checksum_line>& line, bool claimed) {
        if (!line || line->size == unknown_size) return bad("'" + printable(text, 100) + "' is not 'HASH SIZE NAME'");
        if (!claimed) return {};
        return claim(base(), line->name, line->hex, line->size);
    }
    std::array<wanted, 3> fields_{{{"SHA256-Download"}, {"SHA256-Patches"}, {"SHA256-Current"}}};
};

/// "HEX  path" (or "HEX *path"), as sha256sum writes and reads it.
result<scan_totals> scan_sums(byte_source& in, std::string_view base, const claim_sink& sink) {
    scan_totals totals;
    std::string path;
    std::uint64_t number = 0;
    const auto take = [&](std::string_view line) -> result<void> {
        ++number;
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) return {};
        const auto where = "line " + std::to_string(number);
        if (line.size() < 67 || line[64] != ' ' || (line[65] != ' ' && line[65] != '*'))
            return error{errc::malformed, where + ": not 'HASH  PATH'"};
        const auto value = digest::from_hex(line.substr(0, 64));
        if (!value) return value.error().in(where);
        if (auto ok = detail::path_under(base, line.substr(66), path); !ok) return ok.error().in(where);
        sink(path, *value, unknown_size);
        ++totals.stanzas;
        ++totals.claims;
        return {};
    };
    LARDER_CHECK(detail::each_line(in, take));
    return totals;
}

}  // namespace

result<scan_totals> scan(index_kind kind, byte_source& in, std::string_view base, const claim_sink& sink) {
    switch (kind) {
        case index_kind::packages: return packages_scanner{base, sink}.run(in);
        case index_kind::sources: return sources_scanner{base, sink}.run(in);
        case index_kind::pdiff_index: return pdiff_scanner{base, sink}.run(in);
        case index_kind::sha256sums: return scan_sums(in, base, sink);
        case index_kind::none: break;
    }
    return error{errc::unsupported, "a file of this name lists no others"};
}

}  // namespace larder::index
