#include "config_edit.hpp"
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <larder/base/file_owner.hpp>
#include <larder/base/text.hpp>
#include <larder/config/load.hpp>
#include <sys/stat.h>
#include <unistd.h>

// Lines are cut out and added as text, so that comments and layout stay; that the result means what it
// should is checked with the real parser.

namespace larder::cli {
namespace {

/// A JSON string is a TOML one, but for DEL, which the parser then refuses.
std::string in_quotes(std::string_view text) { return boost::json::serialize(boost::json::string{text}); }

std::string in_quotes(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) out += (out.empty() ? "" : ", ") + in_quotes(one);
    return "[" + out + "]";
}

std::string block_of(const core::archive_options& a) {
    std::string out = "[[archive]]\nname = " + in_quotes(a.name) + "\nupstream = " + in_quotes(a.upstream) +
                      "\nkeyring = " + in_quotes(a.keyring) + "\n";
    const auto add = [&out](const char* key, const std::vector<std::string>& all) {
        if (!all.empty()) out += std::string{key} + " = " + in_quotes(all) + "\n";
    };
    add("suites", a.suites);
    add("components", a.components);
    add("architectures", a.architectures);
    return out;
}

bool has(const core::options& o, std::string_view name) {
    return std::any_of(o.archives.begin(), o.archives.end(), [name](const auto& a) { return a.name == name; });
}

bool is_header(std::string_view line) { return trim(line).starts_with('['); }

bool is_archive_header(std::string_view line) {
    auto t = trim(line);
    t = trim(t.substr(0, t.find('#')));
    if (!t.starts_with("[[") || !t.ends_with("]]")) return false;
    return trim(t.substr(2, t.size() - 4)) == "archive";
}

bool names(std::string_view line, std::string_view name) {
    auto t = trim(line);
    if (!t.starts_with("name")) return false;
    t = trim(t.substr(4));
    if (!t.starts_with('=')) return false;
    t = trim(t.substr(1));
    if (t.size() < 2 || (t[0] != '"' && t[0] != '\'')) return false;
    const auto end = t.find(t[0], 1);
    return end != std::string_view::npos && t.substr(1, end - 1) == name;
}

bool is_blank_or_comment(std::string_view line) {
    const auto t = trim(line);
    return t.empty() || t.starts_with('#');
}

}  // namespace

result<std::string> with_archive(std::string_view text, std::string_view file_name,
                                 const core::archive_options& added) {
    LARDER_TRY(const auto before, config::parse(text, file_name, config::file_check::off));
    if (has(before, added.name))
        return error{errc::conflict, std::string{file_name} + " has an archive '" + added.name + "' already"};
    std::string next{text};
    if (!next.empty() && !next.ends_with('\n')) next += '\n';
    if (!next.empty() && !next.ends_with("\n\n")) next += '\n';
    next += block_of(added);
    LARDER_TRY(const auto after, config::parse(next, file_name, config::file_check::but_tls));
    if (after.archives.size() != before.archives.size() + 1)
        return error{errc::bad_config, std::string{file_name} + ": the new table would not be read as an archive"};
    return next;
}

result<std::string> without_archive(std::string_view text, std::string_view file_name, std::string_view name) {
    LARDER_TRY(auto before, config::parse(text, file_name, config::file_check::off));
    if (!has(before, name))
        return error{errc::absent, std::string{file_name} + " has no archive '" + printable(name, 100) + "'"};
    const auto lines = split(text, '\n');
    std::size_t first = lines.size(), last = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!is_archive_header(lines[i])) continue;
        std::size_t end = i + 1;
        while (end < lines.size() && !is_header(lines[end])) ++end;
        if (std::none_of(lines.begin() + static_cast<std::ptrdiff_t>(i),
                         lines.begin() + static_cast<std::ptrdiff_t>(end),
                         [name](std::string_view l) { return names(l, name); }))
            continue;
        // What stands before the next table without a setting in between belongs to that.
        while (end > i + 1 && is_blank_or_comment(lines[end - 1])) --end;
        first = i;
        last = end;
        break;
    }
    std::string next;
    bool was_blank = true;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i >= first && i < last) continue;
        const bool blank = trim(lines[i]).empty();
        // The gap that is left where the table was is one empty line, not two.
        if (i == last && last > first && blank && was_blank && i + 1 < lines.size()) continue;
        was_blank = blank;
        next += std::string{lines[i]} + (i + 1 < lines.size() ? "\n" : "");
    }
    std::erase_if(before.archives, [name](const auto& a) { return a.name == name; });
    const auto after = config::parse(next, file_name, config::file_check::off);
    if (!after || config::show(*after) != config::show(before))
        return error{errc::bad_config, std::string{file_name} + ": the lines of archive '" + std::string{name} +
                                           "' cannot be taken out safely; remove them by hand"};
    return next;
}

result<void> replace_config(const std::string& path, std::string_view text) {
    std::error_code ec;
    const auto real = std::filesystem::canonical(path, ec);
    if (ec) return error{errc::io, path + ": " + ec.message()};
    struct stat st {};
    if (::stat(real.c_str(), &st) != 0) return errno_error(errno, "looking at " + path);
    file_owner owner;
    if (st.st_uid != ::geteuid()) owner.user = st.st_uid;
    if (st.st_gid != ::getegid()) owner.group = st.st_gid;
    return replace_file(real.string(), text, st.st_mode & 07777U, owner);
}

}  // namespace larder::cli
