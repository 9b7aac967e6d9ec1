#include "format.hpp"
#include <larder/config/settings.hpp>

namespace larder::config {
namespace {

/// A sentence as comment lines of at most 100 characters.
void comment(std::string& out, std::string_view text) {
    constexpr std::size_t width = 98;
    while (!text.empty()) {
        auto cut = text.size() <= width ? text.size() : text.rfind(' ', width);
        if (cut == std::string_view::npos || cut == 0) cut = text.size();
        out += "# " + std::string{text.substr(0, cut)} + "\n";
        text.remove_prefix(std::min(cut + 1, text.size()));
    }
}

bool is_empty_text(std::string_view value) { return value == "\"\"" || value == "[]"; }

template <class S>
void sample_section(std::string& out, const section<S>& sec) {
    const S defaults{};
    out += "\n";
    comment(out, sec.purpose);
    out += (sec.many ? "#" : "") + header(sec) + "\n";
    for (const auto& s : sec.settings) {
        const auto value = value_text(s, defaults);
        const bool by_example = s.needed == need::required || is_empty_text(value);
        out += "\n";
        comment(out, s.purpose);
        if (const auto range = range_text(s); !range.empty()) comment(out, "Range: " + range + ".");
        if (s.when == applied::at_restart) comment(out, "Needs a restart.");
        if (by_example) comment(out, s.needed == need::required ? "Required; for example:" : "Not set; for example:");
        out += "#" + std::string{s.key} + " = " + (by_example ? std::string{s.example} : value) + "\n";
    }
}

std::string code(std::string_view text) { return "`" + std::string{text} + "`"; }

template <class S>
void reference_section(std::string& out, const section<S>& sec) {
    out += "\n## `" + header(sec) + "`\n\n" + std::string{sec.purpose} + "\n";
    for (const auto& doc : settings()) {
        if (doc.section != sec.name) continue;
        out += "\n### `" + doc.key + "`\n\n" + doc.purpose + "\n\n";
        out += "- Type: " + doc.type + (doc.range.empty() ? "" : ", " + doc.range) + "\n";
        out +=
            "- Default: " + (doc.default_value == "required" ? "none, it is required" : code(doc.default_value)) + "\n";
        out += "- Example: " + code(doc.key + " = " + doc.example) + "\n";
        out += std::string{"- Applied: "} + (doc.when == applied::on_reload ? "on reload" : "at restart") + "\n";
    }
}

constexpr std::string_view sample_head =
    "# larder.toml: all settings, none of them set. Lines with '#' and no space after it show the\n"
    "# default, or an example where the default is empty: take the '#' away to set it.\n"
    "# Sizes have units (KiB, MiB, GiB, TiB, kB, MB, GB, TB), durations too (ms, s, min, h, d, w).\n"
    "# A reload (SIGHUP) applies a change, except where it says that it needs a restart.\n";

constexpr std::string_view reference_head =
    "<!-- Made from the table of settings in config/table.cpp; do not edit. After a change there run the\n"
    "     config tests with LARDER_ACCEPT=1. -->\n"
    "# Configuration\n\n"
    "Larder reads one TOML file: the one that `--config FILE` names, else `$LARDER_CONFIG`, else\n"
    "`/etc/larder/larder.toml`. `larder init` writes one from the machine's own apt sources.\n\n"
    "Every setting has a default; only an archive and a token have some that must be given. A setting that Larder "
    "does\n"
    "not know is an error, as is a value of the wrong kind: all of them are reported at once, each with file\n"
    "and line, and the exit code is 2.\n\n"
    "- Sizes are written `\"50 GiB\"` (KiB, MiB, GiB, TiB are powers of 1024; kB, MB, GB, TB of 1000); a bare\n"
    "  number is bytes.\n"
    "- Durations are written `\"30s\"`, `\"5 min\"`, `\"12h\"` (ms, s, min, h, d, w).\n"
    "- A list with one entry may be written without its brackets.\n"
    "- Paths are absolute. Secrets are never in this file: it names the files that hold them.\n"
    "- SIGHUP (`systemctl reload larder`) applies a change without dropping a connection, except for the\n"
    "  settings marked \"at restart\". A file with an error in it is not applied, and the server goes on as\n"
    "  before.\n";

}  // namespace

std::string sample() {
    std::string out{sample_head};
    for_each_section([&out](const auto& sec) { sample_section(out, sec); });
    return out;
}

std::string reference() {
    std::string out{reference_head};
    for_each_section([&out](const auto& sec) { reference_section(out, sec); });
    return out;
}

}  // namespace larder::config
