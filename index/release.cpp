#include "checksum_line.hpp"
#include <algorithm>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>
#include <larder/index/release_text.hpp>

namespace larder::index {
namespace {

/// apt-pkg/contrib/strutl.cc, StringToBool, as its FindB takes it: a number in any base of C, then
/// words; what is neither counts as yes.
bool flag(std::string_view value) {
    const std::string text{value};
    char* end = nullptr;
    const auto number = std::strtol(text.c_str(), &end, 0);
    if (end == text.c_str() + text.size() && (number == 0 || number == 1)) return number == 1;
    for (const auto* no : {"no", "false", "without", "off", "disable"})
        if (iequals(value, no)) return false;
    return true;
}

/// "a b  c" of a folded field.
std::vector<std::string> list(std::string_view value) {
    const auto parts = value_words(value);
    return {parts.begin(), parts.end()};
}

/// Both hashes of one file under one path; a further line about it may only repeat or add. False when it
/// says otherwise.
bool merge(release_file& into, const release_file& other) {
    const bool hashes_differ = (into.sha256 && other.sha256 && *into.sha256 != *other.sha256) ||
                               (!into.sha512.empty() && !other.sha512.empty() && into.sha512 != other.sha512);
    if (into.size != other.size || hashes_differ) return false;
    if (!into.sha256) into.sha256 = other.sha256;
    if (into.sha512.empty()) into.sha512 = other.sha512;
    return true;
}

/// One line of a section; `malformed` when it is no hash, size and path.
result<release_file> read_entry(std::string_view text, hash_kind kind) {
    const auto entry = detail::parse_checksum_line(text);
    if (!entry) return error{errc::malformed, "'" + printable(text, 100) + "' is not 'HASH SIZE PATH'"};
    release_file file;
    file.size = entry->size;
    LARDER_CHECK(detail::path_under("", entry->name, file.path));
    if (kind == hash_kind::sha256) {
        LARDER_TRY(file.sha256, digest::from_hex(entry->hex));
        return file;
    }
    const auto value = from_hex(entry->hex);
    if (!value || value->size() != 64) return error{errc::malformed, "not a SHA-512 value (128 hexadecimal digits)"};
    file.sha512 = to_lower(entry->hex);
    return file;
}

/// All lines of both sections that can be used, and why the first that cannot be is none.
struct entries {
    std::vector<release_file> files;
    std::size_t left_out = 0;
    std::optional<error> first_complaint;

    void read(const stanza& fields, std::string_view section, hash_kind kind) {
        const auto found = std::find_if(fields.fields().begin(), fields.fields().end(),
                                        [&](const field& f) { return iequals(f.name, section); });
        if (found == fields.fields().end()) return;
        auto line = found->line;  // the field's own line holds no entry, so it is right for the first one
        for (const auto text : value_lines(found->value)) {
            ++line;
            auto file = read_entry(text, kind);
            if (file)
                files.push_back(std::move(*file));
            else
                leave_out(file.error().in("Release, line " + std::to_string(line)));
        }
    }
    void leave_out(error why) {
        ++left_out;
        if (!first_complaint) first_complaint = std::move(why);
    }
};

/// One of each path; none of one whose lines disagree.
std::vector<release_file> joined(entries& all) {
    auto& from = all.files;
    std::stable_sort(from.begin(), from.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    std::vector<release_file> files;
    files.reserve(from.size());
    for (auto at = from.begin(); at != from.end();) {
        auto file = std::move(*at);
        bool agree = true;
        for (++at; at != from.end() && at->path == file.path; ++at) agree = merge(file, *at) && agree;
        if (agree)
            files.push_back(std::move(file));
        else
            all.leave_out(
                {errc::malformed, "Release: two lines about '" + file.path + "' disagree on its size or on its hash"});
    }
    return files;
}

result<void> read_files(const stanza& fields, release& out) {
    if (!fields.find("SHA256") && !fields.find("SHA512"))
        return error{errc::malformed, "Release: neither a SHA256 nor a SHA512 section (MD5 and SHA-1 are not enough)"};
    entries all;
    all.read(fields, "SHA256", hash_kind::sha256);
    all.read(fields, "SHA512", hash_kind::sha512);
    out.files = joined(all);
    out.left_out = all.left_out;
    if (out.files.empty() && all.first_complaint) return *all.first_complaint;
    return {};
}

result<sys_seconds> read_date(const stanza& fields, std::string_view name) {
    if (fields.get(name).empty())
        return error{errc::malformed, "Release: no " + std::string{name} +
                                          ", without which an older state could not be told from a newer one"};
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
    stanza fields;
    LARDER_TRY(const bool any, reader.next(fields));
    if (!any) return error{errc::malformed, "an empty Release file"};

    release out;
    LARDER_TRY(out.date, read_date(fields, "Date"));
    if (!fields.get("Valid-Until").empty()) {
        LARDER_TRY(out.valid_until, read_date(fields, "Valid-Until"));
    }
    LARDER_CHECK(read_files(fields, out));
    out.suite = fields.get("Suite");
    out.codename = fields.get("Codename");
    out.architectures = list(fields.get("Architectures"));
    out.components = list(fields.get("Components"));
    out.acquire_by_hash = flag(fields.get("Acquire-By-Hash"));
    const auto no_support = list(fields.get("No-Support-for-Architecture-all"));
    out.all_is_in_each = std::find(no_support.begin(), no_support.end(), "Packages") != no_support.end();
    return out;
}

result<release> parse_release(const verified_text& text) { return detail::parse_release_text(text.text()); }

bool matches_suite(const release& r, std::string_view asked) noexcept {
    if (asked.ends_with('/') || (r.suite.empty() && r.codename.empty())) return true;
    const auto is = [&](std::string_view name) { return !name.empty() && (name == r.codename || name == r.suite); };
    return is(asked) || is(asked.substr(0, std::min(asked.rfind('/'), asked.size())));
}

}  // namespace larder::index
