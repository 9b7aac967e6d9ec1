#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/pockets/pocket_release.hpp>

namespace larder::pockets {
namespace {

/// RFC 1123 with UTC, as dak and apt-ftparchive write it.
std::string release_date(sys_seconds when) {
    auto text = format_http_date(when);
    text.replace(text.rfind("GMT"), 3, "UTC");
    return text;
}

void add(std::string& out, std::string_view name, const std::string& value) {
    if (!value.empty()) ((out += name) += ": ") += printable(value, 4000) + "\n";
}

}  // namespace

std::string write_release(const pocket& of, std::vector<index::release_file> files, sys_seconds date,
                          const std::string& signed_by, const std::string& snapshots) {
    std::string out, architectures;
    for (const auto& one : of.architectures)
        if (one != "source") architectures += (architectures.empty() ? "" : " ") + one;
    add(out, "Origin", of.origin);
    add(out, "Label", of.label);
    add(out, "Suite", of.suite);
    add(out, "Version", of.release_version);
    // The field that apt compares with what it saw before; a slash suite's is the whole name as well.
    add(out, "Codename", of.suite);
    add(out, "Date", release_date(date));
    if (of.valid_for.count() != 0) add(out, "Valid-Until", release_date(date + of.valid_for));
    if (of.not_automatic) add(out, "NotAutomatic", "yes");
    if (of.but_automatic_upgrades) add(out, "ButAutomaticUpgrades", "yes");
    add(out, "Acquire-By-Hash", "yes");
    // Each binary-ARCH has what is for all as well (apt-pkg/deb/debmetaindex.cc).
    add(out, "No-Support-for-Architecture-all", "Packages");
    add(out, "Architectures", architectures);
    add(out, "Components", joined(of.components));
    add(out, "Description", of.description);
    add(out, "Signed-By", signed_by);
    add(out, "Changelogs", of.changelogs);
    add(out, "Snapshots", snapshots);
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    out += "SHA256:\n";
    for (const auto& file : files)
        out += " " + file.sha256->hex() + " " + std::to_string(file.size) + " " + file.path + "\n";
    return out;
}

}  // namespace larder::pockets
