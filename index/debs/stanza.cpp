#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/stanza.hpp>
#include <span>

namespace larder::debs {
namespace {

/// The orders of apt 2.6's apt-ftparchive (apt-pkg/tagfile-order.c).
constexpr std::string_view packages_order[] = {"Package",
                                               "Package-Type",
                                               "Architecture",
                                               "Subarchitecture",
                                               "Version",
                                               "Kernel-Version",
                                               "Built-Using",
                                               "Static-Built-Using",
                                               "Built-For-Profiles",
                                               "Auto-Built-Package",
                                               "Multi-Arch",
                                               "Status",
                                               "Priority",
                                               "Build-Essential",
                                               "Protected",
                                               "Important",
                                               "Essential",
                                               "Installer-Menu-Item",
                                               "Section",
                                               "Source",
                                               "Origin",
                                               "Phased-Update-Percentage",
                                               "Maintainer",
                                               "Original-Maintainer",
                                               "Bugs",
                                               "Config-Version",
                                               "Conffiles",
                                               "Triggers-Awaited",
                                               "Triggers-Pending",
                                               "Installed-Size",
                                               "Provides",
                                               "Pre-Depends",
                                               "Depends",
                                               "Recommends",
                                               "Suggests",
                                               "Conflicts",
                                               "Breaks",
                                               "Replaces",
                                               "Enhances",
                                               "Filename",
                                               "MSDOS-Filename",
                                               "Size",
                                               "MD5sum",
                                               "SHA1",
                                               "SHA256",
                                               "SHA512",
                                               "Homepage",
                                               "Description",
                                               "Description-md5",
                                               "Tag",
                                               "Task",
                                               "SHA224"};
constexpr std::string_view sources_order[] = {"Package",
                                              "Source",
                                              "Format",
                                              "Binary",
                                              "Architecture",
                                              "Version",
                                              "Priority",
                                              "Section",
                                              "Origin",
                                              "Maintainer",
                                              "Original-Maintainer",
                                              "Uploaders",
                                              "Dm-Upload-Allowed",
                                              "Standards-Version",
                                              "Build-Depends",
                                              "Build-Depends-Arch",
                                              "Build-Depends-Indep",
                                              "Build-Conflicts",
                                              "Build-Conflicts-Arch",
                                              "Build-Conflicts-Indep",
                                              "Testsuite",
                                              "Testsuite-Triggers",
                                              "Homepage",
                                              "Description",
                                              "Vcs-Browser",
                                              "Vcs-Browse",
                                              "Vcs-Arch",
                                              "Vcs-Bzr",
                                              "Vcs-Cvs",
                                              "Vcs-Darcs",
                                              "Vcs-Git",
                                              "Vcs-Hg",
                                              "Vcs-Mtn",
                                              "Vcs-Svn",
                                              "Directory",
                                              "Package-List",
                                              "Files",
                                              "Checksums-Md5",
                                              "Checksums-Sha1",
                                              "Checksums-Sha256",
                                              "Checksums-Sha512",
                                              "Status"};

/// A field in place of the package's own; with an empty value it is left out.
struct change {
    std::string_view name;
    std::string value;
};

/// pkgTagSection::Write of apt (apt-pkg/tagfile.cc).
class writer {
public:
    writer(const paragraph& p, std::span<const change> changes) : p_{p}, changes_{changes} {}

    std::string run(std::span<const std::string_view> order) {
        for (const auto name : order) {
            if (const auto* c = changed(name))
                add(name, c->value);
            else if (const auto f = p_.find(name))
                add_raw(name, f->raw);
        }
        for (std::size_t i = 0; i < p_.size(); ++i) {
            const auto f = p_[i];
            const auto same = [&](std::string_view name) { return iequals(name, f.name); };
            if (std::none_of(order.begin(), order.end(), same)) add_raw(f.name, f.raw);
        }
        return std::move(out_);
    }

private:
    const change* changed(std::string_view name) const {
        for (const auto& c : changes_)
            if (c.name == name) return &c;
        return nullptr;
    }

    void add(std::string_view name, std::string_view value) {
        if (!value.empty()) add_raw(name, value);
    }

    void add_raw(std::string_view name, std::string_view raw) {
        while (!raw.empty() && std::string_view{" \t\n"}.find(raw.back()) != std::string_view::npos)
            raw.remove_suffix(1);
        const bool own_blank = raw.empty() || std::string_view{" \t\n"}.find(raw.front()) != std::string_view::npos;
        out_.append(name).append(own_blank ? ":" : ": ").append(raw).append("\n");
    }

    const paragraph& p_;
    std::span<const change> changes_;
    std::string out_;
};

result<std::string> in_one_line(std::string_view what, std::string_view value) {
    for (const char c : value)
        if (static_cast<unsigned char>(c) < ' ' || c == 127)
            return error{errc::malformed,
                         "the " + std::string{what} + " '" + printable(value, 80) + "' has a control character"};
    const auto text = trim(value);
    if (text.empty()) return error{errc::malformed, "the " + std::string{what} + " is empty"};
    return std::string{text};
}

/// Section and Priority: the archive's words, or the package's, without blanks around them.
result<void> add_overrides(std::vector<change>& out, const paragraph& p, const overrides& o) {
    for (const auto& [name, value] : {std::pair{"Section", o.section}, std::pair{"Priority", o.priority}}) {
        std::string said{p.get(name)};
        if (value) {
            LARDER_TRY(said, in_one_line(name, *value));
        }
        out.push_back({name, std::move(said)});
    }
    return {};
}

}  // namespace

result<std::string> packages_stanza(const binary_package& package, std::string_view filename, const overrides& o) {
    LARDER_TRY(const auto clean, clean_path(filename));
    LARDER_TRY(auto path, in_one_line("path", clean));
    // What the package says of its own hashes would be believed by clients.
    std::vector<change> changes{
        {"Status", {}}, {"MSDOS-Filename", {}},       {"MD5sum", {}}, {"SHA1", {}}, {"SHA512", {}},
        {"SHA224", {}}, {"Filename", std::move(path)}};
    changes.push_back({"Size", std::to_string(package.size)});
    changes.push_back({"SHA256", package.content.hex()});
    LARDER_CHECK(add_overrides(changes, package.control, o));
    if (const auto percent = o.phased_update_percentage) {
        if (*percent > 100)
            return error{errc::malformed, "a Phased-Update-Percentage of " + std::to_string(*percent) + ": 0 to 100"};
        changes.push_back({"Phased-Update-Percentage", std::to_string(*percent)});
    }
    return writer{package.control, changes}.run(packages_order);
}

result<std::string> sources_stanza(const source_package& package, std::string_view directory, const overrides& o) {
    LARDER_TRY(const auto clean, clean_path(directory));
    LARDER_TRY(auto path, in_one_line("path", clean));
    LARDER_TRY(const auto dsc, dsc_file_name(package.name, package.version));
    auto list = "\n " + package.content.hex() + " " + std::to_string(package.size) + " " + dsc;
    for (const auto& f : package.files) list += "\n " + f.content.hex() + " " + std::to_string(f.size) + " " + f.name;
    std::vector<change> changes{
        {"Status", {}},        {"Source", {}},         {"Package", package.name}, {"Files", {}},
        {"Checksums-Md5", {}}, {"Checksums-Sha1", {}}, {"Checksums-Sha512", {}},  {"Directory", std::move(path)}};
    changes.push_back({"Checksums-Sha256", std::move(list)});
    LARDER_CHECK(add_overrides(changes, package.control, o));
    return writer{package.control, changes}.run(sources_order);
}

namespace {

/// Where a field has its place; behind all when apt does not know it.
std::size_t rank_in(std::span<const std::string_view> order, std::string_view name) {
    const auto found =
        std::find_if(order.begin(), order.end(), [&](std::string_view one) { return iequals(one, name); });
    return static_cast<std::size_t>(found - order.begin());
}

/// The fields of a stanza as lines.
struct field_lines {
    std::string_view name;
    std::string text;
};

std::vector<field_lines> lines_of(const paragraph& p) {
    std::vector<field_lines> all;
    const auto* const end = p.text().data() + p.text().size();
    for (std::size_t i = 0; i < p.size(); ++i) {
        const auto* const begin = p[i].name.data();
        const auto* const next = i + 1 < p.size() ? p[i + 1].name.data() : end;
        all.push_back({p[i].name, std::string{begin, static_cast<std::size_t>(next - begin)}});
    }
    return all;
}

}  // namespace

result<std::string> change_stanza(std::string_view stanza, const std::vector<field_change>& changes) {
    LARDER_TRY(const auto before, paragraph::read(stanza));
    auto lines = lines_of(before);
    const auto order = before.find("Directory") ? std::span<const std::string_view>{sources_order}
                                                : std::span<const std::string_view>{packages_order};
    for (const auto& one : changes) {
        const auto there = std::find_if(lines.begin(), lines.end(),
                                        [&](const field_lines& line) { return iequals(line.name, one.name); });
        if (one.value.empty()) {
            if (there != lines.end()) lines.erase(there);
            continue;
        }
        LARDER_TRY(const auto value, in_one_line(one.name, one.value));
        if (there != lines.end()) {
            there->text = std::string{there->name} + ": " + value + "\n";
            continue;
        }
        const auto rank = rank_in(order, one.name);
        const auto place = std::find_if(lines.begin(), lines.end(),
                                        [&](const field_lines& line) { return rank_in(order, line.name) > rank; });
        lines.insert(place, {one.name, one.name + ": " + value + "\n"});
    }
    std::string text;
    for (const auto& line : lines) text += line.text;
    return text;
}

}  // namespace larder::debs
