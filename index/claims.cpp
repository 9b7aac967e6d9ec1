#include "checksum_line.hpp"
#include "line_reader.hpp"
#include <array>
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>
#include <optional>
#include <span>
#include <string>

namespace larder::index {
namespace {

using detail::checksum_line;

/// Where claims go, and what could not be one.
class claim_writer {
public:
    claim_writer(std::string_view base, const claim_sink& sink) : base_{base}, sink_{sink} {}

    /// `hex` and `size` of the file `name` in `folder`.
    result<void> claim(std::string_view folder, std::string_view name, std::string_view hex, std::uint64_t size) {
        LARDER_CHECK(detail::path_under(folder, name, path_));
        const auto value = digest::from_hex(hex);
        if (!value) {
            sink_(path_, no_usable_hash, unknown_size);
            return value.error().in("'" + printable(path_, 100) + "'");
        }
        sink_(path_, *value, size);
        ++totals.claims;
        return {};
    }
    /// There is such a file; it cannot be verified here.
    result<void> only_name(std::string_view folder, std::string_view name) {
        LARDER_CHECK(detail::path_under(folder, name, path_));
        sink_(path_, no_usable_hash, unknown_size);
        return {};
    }
    /// Counts what was left out for `why`.
    void skip(error why) {
        ++totals.skipped;
        if (!first_complaint_) first_complaint_ = std::move(why);
    }
    std::string_view base() const noexcept { return base_; }

    /// A file that names others names at least one, or has nothing in it that could.
    result<scan_totals> finish() const {
        if (totals.claims + totals.unsupported == 0 && first_complaint_) return *first_complaint_;
        return totals;
    }

    scan_totals totals;

private:
    std::string_view base_;
    const claim_sink& sink_;
    std::string path_;
    std::optional<error> first_complaint_;
};

/// What the three stanza formats share: which of a stanza's fields matter, kept by copy (a stanza may
/// straddle pieces); where we are, for complaints. Other fields cost one look at their first byte.
class stanza_scanner {
public:
    stanza_scanner(std::string_view base, const claim_sink& sink) : out_{base, sink} {}
    virtual ~stanza_scanner() = default;
    stanza_scanner(const stanza_scanner&) = delete;
    stanza_scanner& operator=(const stanza_scanner&) = delete;

    result<scan_totals> run(byte_source& in) {
        LARDER_CHECK(detail::each_line(in, [this](std::string_view line) { return take(line); }));
        end_stanza();
        return out_.finish();
    }

protected:
    struct wanted {
        std::string_view name;
        std::string value{};  // folded lines joined by newlines
        bool present = false;
    };

    /// The stanza is complete: make claims of its fields.
    virtual void finish() = 0;
    /// The fields that matter, always the same ones in the same place.
    virtual std::span<wanted> fields() noexcept = 0;

    claim_writer& out() noexcept { return out_; }
    void skip(const std::string& why) { skip(error{errc::malformed, why}); }
    void skip(const error& why) {
        out_.skip(
            why.in("stanza " + std::to_string(out_.totals.stanzas + 1) + " (line " + std::to_string(begin_) + ")"));
    }
    void skip_unless(const result<void>& done) {
        if (!done) skip(done.error());
    }

private:
    result<void> take(std::string_view line) {
        ++line_;
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) {
            end_stanza();
            return {};
        }
        if (line.front() == ' ' || line.front() == '\t') {
            if (current_) (current_->value += '\n') += line;
            return {};
        }
        if (begin_ == 0) begin_ = line_;
        current_ = nullptr;
        for (auto& f : fields()) {
            if ((line.front() | 0x20) != (f.name.front() | 0x20)) continue;
            if (const auto value = value_of(f.name, line)) open(f, *value);
        }
        return {};
    }
    /// What stands behind "NAME:"; blanks may stand before the colon.
    static std::optional<std::string_view> value_of(std::string_view name, std::string_view line) noexcept {
        if (!iequals(line.substr(0, name.size()), name)) return {};
        const auto colon = line.find_first_not_of(" \t", name.size());
        if (colon == std::string_view::npos || line[colon] != ':') return {};
        return line.substr(colon + 1);
    }
    void open(wanted& f, std::string_view value) {
        f.present = true;
        f.value.assign(value);
        current_ = &f;
    }
    void end_stanza() {
        if (begin_ == 0) return;
        finish();
        ++out_.totals.stanzas;
        for (auto& f : fields()) f.present = false;
        begin_ = 0;
        current_ = nullptr;
    }

    claim_writer out_;
    wanted* current_ = nullptr;  // the field that a folded line goes on with, if it matters
    std::uint64_t line_ = 0;
    std::uint64_t begin_ = 0;  // the stanza's first line, 0 between stanzas
};

class packages_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    void finish() override {
        const auto& [filename, size, sha256, sha512] = fields_;
        const auto name = filename.present ? trim(filename.value) : std::string_view{};
        if (name.empty()) return skip("no Filename");
        const auto bytes = size.present ? detail::parse_number(trim(size.value)) : std::nullopt;
        if (sha256.present && bytes && *bytes != unknown_size)
            return skip_unless(out().claim(out().base(), name, trim(sha256.value), *bytes));
        const auto named = out().only_name(out().base(), name);
        if (!named) return skip(named.error());
        if (!sha256.present && sha512.present)
            ++out().totals.unsupported;
        else
            skip("'" + printable(name, 100) + "' has no SHA256, or no Size, or an odd one");
    }
    std::array<wanted, 4> fields_{{{"Filename"}, {"Size"}, {"SHA256"}, {"SHA512"}}};
};

/// Each line of a field of "HEX SIZE NAME" lines, as it is and, where it is one, in its parts. How many.
template <class F>
std::uint64_t each_checksum(std::string_view value, F&& on_line) {
    std::uint64_t n = 0;
    while (!value.empty()) {
        const auto end = std::min(value.find('\n'), value.size());
        const auto text = trim(value.substr(0, end));
        value.remove_prefix(std::min(end + 1, value.size()));
        if (text.empty()) continue;
        const auto line = detail::parse_checksum_line(text);
        on_line(text, line && line->size != unknown_size ? line : std::nullopt);
        ++n;
    }
    return n;
}

std::string no_checksum(std::string_view text) { return "'" + printable(text, 100) + "' is not 'HASH SIZE NAME'"; }

class sources_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    void finish() override {
        const auto &directory = fields_[0], &sha256 = fields_[1], &sha512 = fields_[2];
        if (!directory.present || trim(directory.value).empty()) return skip("no Directory");
        if (!sha256.present && !sha512.present) return skip("no Checksums-Sha256");
        folder_.assign(out().base());
        // "." is the folder itself, as flat repositories write it.
        if (const auto below = trim(directory.value); below != "." && below != "./") {
            if (auto ok = detail::path_under(out().base(), below, folder_); !ok) return skip(ok.error());
        }
        const auto n = each_checksum(sha256.present ? sha256.value : sha512.value,
                                     [&](std::string_view text, const std::optional<checksum_line>& line) {
                                         entry(text, line, sha256.present);
                                     });
        if (n == 0) skip("a source package without files");
    }
    void entry(std::string_view text, const std::optional<checksum_line>& line, bool claimed) {
        if (!line || line->name.find('/') != std::string_view::npos) return skip(no_checksum(text));
        if (claimed) return skip_unless(out().claim(folder_, line->name, line->hex, line->size));
        const auto named = out().only_name(folder_, line->name);
        if (!named) return skip(named.error());
        ++out().totals.unsupported;
    }
    std::array<wanted, 3> fields_{{{"Directory"}, {"Checksums-Sha256"}, {"Checksums-Sha512"}}};
    std::string folder_;
};

class pdiff_scanner final : public stanza_scanner {
public:
    using stanza_scanner::stanza_scanner;

private:
    std::span<wanted> fields() noexcept override { return fields_; }
    void finish() override {
        const auto &download = fields_[0], &patches = fields_[1], &current = fields_[2];
        if (!download.present && !patches.present && !current.present)
            return skip("no SHA256-Current, SHA256-Patches or SHA256-Download");
        const auto& field = download.present ? download : patches;
        if (!field.present) return;
        each_checksum(field.value, [&](std::string_view text, const std::optional<checksum_line>& line) {
            entry(text, line, download.present);
        });
    }
    void entry(std::string_view text, const std::optional<checksum_line>& line, bool claimed) {
        if (!line) return skip(no_checksum(text));
        if (claimed) return skip_unless(out().claim(out().base(), line->name, line->hex, line->size));
        ++out().totals.unsupported;
    }
    std::array<wanted, 3> fields_{{{"SHA256-Download"}, {"SHA256-Patches"}, {"SHA256-Current"}}};
};

/// "HEX  path" (or "HEX *path"), as sha256sum writes and reads it.
result<scan_totals> scan_sums(byte_source& in, std::string_view base, const claim_sink& sink) {
    claim_writer out{base, sink};
    std::uint64_t number = 0;
    const auto read = [&](std::string_view line) -> result<void> {
        if (line.size() < 67 || line[64] != ' ' || (line[65] != ' ' && line[65] != '*'))
            return error{errc::malformed, "not 'HASH  PATH'"};
        return out.claim(base, line.substr(66), line.substr(0, 64), unknown_size);
    };
    const auto take = [&](std::string_view line) -> result<void> {
        ++number;
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) return {};
        ++out.totals.stanzas;
        if (const auto done = read(line); !done) out.skip(done.error().in("line " + std::to_string(number)));
        return {};
    };
    LARDER_CHECK(detail::each_line(in, take));
    return out.finish();
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
