#include "checksum_line.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>
#include <larder/index/release_text.hpp>

namespace larder::index {
namespace {

error bad(std::size_t line, const std::string& what) {
    return {errc::malformed, "Release, line " + std::to_string(line) + ": " + what};
}

/// apt-pkg/contrib/strutl.cc, StringToBool; anything else counts as no.
bool flag(std::string_view value) noexcept {
    for (const auto* yes : {"yes", "true", "with", "on", "enable", "1"})
        if (iequals(value, yes)) return true;
    return false;
}

/// "a b  c" of a folded field.
std::vector<std::string> list(std::string_view value) {
    const auto parts = value_words(value);
    return {parts.begin(), parts.end()};
}

/// Both hashes of one file under one path; the second line about it may only repeat or add.
result<void> merge(release_file& into, const release_file& other) {
    const bool hashes_differ = (into.sha256 && other.sha256 && *into.sha256 != *other.sha256) ||
                               (!into.sha512.empty() && !other.sha512.empty() && into.sha512 != other.sha512);
    if (into.size != other.size || hashes_differ)
        return error{errc::malformed,
                     "Release: two lines about '" + into.path + "' disagree on its size or on its hash"};
    if (!into.sha256) into.sha256 = other.sha256;
    if (into.sha512.empty()) into.sha512 = other.sha512;
    return {};
}

result<void> read_section(const stanza& fields, std::string_view name, hash_kind kind, std::vector<release_file>& out) {
    const auto found = std::find_if(fields.fields().begin(), fields.fields().end(),
                                    [&](const field& f) { return iequals(f.name, name); });
    if (found == fields.fields().end()) return {};
    auto line = found->line;  // the field's own line holds no entry, so it is right for the first one
    for (const auto text : value_lines(found->value)) {
        ++line;
        const auto entry = detail::parse_checksum_line(text);
        if (!entry)
            return bad(line, "'" + printable(text, 100) + "' in " + std::string{name} + " is not 'HASH SIZE PATH'");
        release_file file;
        file.size = entry->size;
        if (auto ok = detail::path_under("", entry->name, file.path); !ok) return bad(line, ok.error().detail());
        if (kind == hash_kind::sha256) {
            auto value = digest::from_hex(entry->hex);
            if (!value) return bad(line, value.error().detail());
            file.sha256 = *value;
        } else {
            const auto value = from_hex(entry->hex);
            if (!value || value->size() != 64) return bad(line, "not a SHA-512 value (128 hexadecimal digits)");
            file.sha512 = to_lower(entry->hex);
        }
        out.push_back(std::move(file));
    }
    return {};
}

result<std::vector<release_file>> read_files(const stanza& fields) {
    if (!fields.find("SHA256") && !fields.find("SHA512"))
        return error{errc::malformed, "Release: neither a SHA256 nor a SHA512 section (MD5 and SHA-1 are not enough)"};
    std::vector<release_file> all;
    LARDER_CHECK(read_section(fields, "SHA256", hash_kind::sha256, all));
    LARDER_CHECK(read_section(fields, "SHA512", hash_kind::sha512, all));
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    std::vector<release_file> files;
    files.reserve(all.size());
    for (auto& file : all) {
        if (files.empty() || files.back().path != file.path)
            files.push_back(std::move(file));
        else
            LARDER_CHECK(merge(files.back(), file));
    }
    return files;
}

result<sys_seconds> read_date(const stanza& fields, std::string_view name) {
    auto date = parse_release_date(fields.get(name));
    if (!date) return error{errc::malformed, "Release: " + std::string{name} + ": " + printable(date.error().detail())};
    return date;
}

}  // namespace

const release_file* release::find(std::string_view path) const noexcept {
    const auto at = std::lower_bound(files.begin(), files.end(), path,
                                     [](const release_file& f, std::string_view p) { return f.path < p; });
    return at != files.end() && at->path == path ? &*at : nullptr;
}

result<release> detail::parse_release_text(std::string_view text) {
    if (text.size() > max_release_size)
        return error{errc::too_large, "a Release file of over " + std::to_string(max_release_size) + " bytes"};
    deb822_reader reader{text};
    stanza fields, more;
    LARDER_TRY(const bool any, reader.next(fields));
    if (!any) return error{errc::malformed, "an empty Release file"};
    LARDER_TRY(const bool second, reader.next(more));
    if (second) return bad(more.line(), "a second stanza in a Release file");

    release out;
    LARDER_TRY(out.date, read_date(fields, "Date"));
    if (fields.find("Valid-Until")) {
        LARDER_TRY(out.valid_until, read_date(fields, "Valid-Until"));
    }
    LARDER_TRY(out.files, read_files(fields));
    out.origin = fields.get("Origin");
    out.label = fields.get("Label");
    out.suite = fields.get("Suite");
    out.codename = fields.get("Codename");
    out.version = fields.get("Version");
    out.description = fields.get("Description");
    out.architectures = list(fields.get("Architectures"));
    out.components = list(fields.get("Components"));
    out.acquire_by_hash = flag(fields.get("Acquire-By-Hash"));
    out.not_automatic = flag(fields.get("NotAutomatic"));
    out.but_automatic_upgrades = flag(fields.get("ButAutomaticUpgrades"));
    out.no_support_for_architecture_all = fields.get("No-Support-for-Architecture-all");
    out.snapshots = fields.get("Snapshots");
    out.changelogs = fields.get("Changelogs");
    out.signed_by = fields.get("Signed-By");
    return out;
}

result<release> parse_release(const verified_text& text) { return detail::parse_release_text(text.text()); }

bool matches_suite(const release& r, std::string_view asked) noexcept {
    if (asked.ends_with('/')) return true;
    const auto is = [&](std::string_view name) { return !name.empty() && (name == r.codename || name == r.suite); };
    return is(asked) || is(asked.substr(0, std::min(asked.rfind('/'), asked.size())));
}

}  // namespace larder::index
