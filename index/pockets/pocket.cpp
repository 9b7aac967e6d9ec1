#include "text_fields.hpp"
#include <algorithm>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/pockets/pocket.hpp>

namespace larder::pockets {
namespace {

constexpr std::string_view pocket_format = "Larder-Pocket", number = "1";

error odd(std::string_view field) {
    return {errc::malformed, "a pocket's description: its " + std::string{field} + " cannot be read"};
}

std::vector<std::string> listed(std::string_view text) {
    std::vector<std::string> all;
    for (const auto word : words(text)) all.emplace_back(word);
    return all;
}

/// Fields that are texts, and where they are kept.
std::string* text_field(pocket& p, std::string_view name) {
    if (name == "Archive") return &p.archive;
    if (name == "Suite") return &p.suite;
    if (name == "Base") return &p.base;
    if (name == "Feeds") return &p.feeds;
    if (name == "Origin") return &p.origin;
    if (name == "Label") return &p.label;
    if (name == "Description") return &p.description;
    if (name == "Version") return &p.release_version;
    if (name == "Upgrades-From") return &p.upgrades_from;
    if (name == "Frozen") return &p.frozen;
    if (name == "Changelogs") return &p.changelogs;
    if (name == "Incoming") return &p.incoming;
    return nullptr;
}

bool* switch_field(pocket& p, std::string_view name) {
    if (name == "Not-Automatic") return &p.not_automatic;
    if (name == "But-Automatic-Upgrades") return &p.but_automatic_upgrades;
    if (name == "Needs-Source") return &p.needs_source;
    if (name == "Xz") return &p.xz;
    if (name == "Translations") return &p.translations;
    if (name == "Contents") return &p.contents;
    if (name == "Upload-Token") return &p.upload_token;
    return nullptr;
}

/// "nova-api section=admin priority=optional phased=20"
result<void> read_override(pocket& p, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() < 2) return odd("Override");
    auto& one = p.overrides[std::string{parts[0]}];
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto equals = parts[i].find('=');
        const auto key = parts[i].substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view{} : parts[i].substr(equals + 1);
        const auto percent = number_in(value);
        if (key == "section")
            one.section = value;
        else if (key == "priority")
            one.priority = value;
        else if (key == "phased" && percent && *percent <= 100)
            one.phased = static_cast<unsigned>(*percent);
        else
            return odd("Override");
    }
    return {};
}

std::string text_of(const std::string& package, const override_words& one) {
    auto text = package;
    if (!one.section.empty()) text += " section=" + one.section;
    if (!one.priority.empty()) text += " priority=" + one.priority;
    if (one.phased) text += " phased=" + std::to_string(*one.phased);
    return text;
}

/// "FINGERPRINT user id"
result<void> read_uploader(pocket& p, std::string_view text) {
    const auto blank = text.find(' ');
    uploader one{std::string{text.substr(0, blank)}, {}};
    if (blank != std::string_view::npos) one.user_id = trim(text.substr(blank));
    if (one.fingerprint.empty()) return odd("Uploader");
    p.uploaders.push_back(std::move(one));
    return {};
}

result<void> take_field(pocket& p, std::string_view name, std::string_view value) {
    if (auto* const text = text_field(p, name)) {
        *text = value;
    } else if (auto* const on = switch_field(p, name)) {
        *on = value == "yes";
    } else if (name == "Components") {
        p.components = listed(value);
    } else if (name == "Architectures") {
        p.architectures = listed(value);
    } else if (name == "Distributions") {
        p.distributions = listed(value);
    } else if (name == "Override") {
        return read_override(p, value);
    } else if (name == "Uploader") {
        return read_uploader(p, value);
    } else if (name == "Supported-Until") {
        LARDER_TRY(p.supported_until, parse_timestamp(value));
    } else if (name == "Valid-For" || name == "Head") {
        const auto n = number_in(value);
        if (!n) return odd(name);
        if (name == "Head")
            p.head = *n;
        else
            p.valid_for = std::chrono::seconds{static_cast<std::int64_t>(*n)};
    }
    return {};
}

bool is_segment(std::string_view text) {
    const auto fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '+';
    };
    return !text.empty() && text.size() <= 100 && text.front() != '.' && std::all_of(text.begin(), text.end(), fine);
}

}  // namespace

bool pocket::has_architecture(std::string_view one) const {
    return std::find(architectures.begin(), architectures.end(), one) != architectures.end();
}

std::string pocket::write() const {
    field_writer out{pocket_format, number};
    out.add("Archive", archive);
    out.add("Suite", suite);
    out.add("Base", base);
    out.add("Feeds", feeds);
    out.add("Components", joined(components));
    out.add("Architectures", joined(architectures));
    out.add("Origin", origin);
    out.add("Label", label);
    out.add("Description", description);
    out.add("Version", release_version);
    if (supported_until) out.add("Supported-Until", format_timestamp(*supported_until));
    out.add("Upgrades-From", upgrades_from);
    if (not_automatic) out.add("Not-Automatic", "yes");
    if (but_automatic_upgrades) out.add("But-Automatic-Upgrades", "yes");
    if (needs_source) out.add("Needs-Source", "yes");
    if (xz) out.add("Xz", "yes");
    if (translations) out.add("Translations", "yes");
    if (contents) out.add("Contents", "yes");
    out.add("Changelogs", changelogs);
    if (valid_for.count() != 0) out.add("Valid-For", std::to_string(valid_for.count()));
    out.add("Frozen", frozen);
    out.add("Head", std::to_string(head));
    if (upload_token) out.add("Upload-Token", "yes");
    out.add("Incoming", incoming);
    out.add("Distributions", joined(distributions));
    for (const auto& [package, one] : overrides) out.add("Override", text_of(package, one));
    for (const auto& one : uploaders) out.add("Uploader", one.fingerprint + " " + printable(one.user_id, 200));
    return out.take();
}

result<pocket> pocket::read(std::string_view text) {
    pocket p;
    LARDER_CHECK(
        read_fields(text, pocket_format, number, "a pocket's description",
                    [&](std::string_view name, std::string_view value) { return take_field(p, name, value); }));
    if (p.archive.empty() || p.suite.empty() || p.components.empty() || p.architectures.empty())
        return error{errc::malformed, "a pocket's description lacks a field"};
    return p;
}

bool support_has_ended(const pocket& of, sys_seconds now) { return of.supported_until && *of.supported_until <= now; }

std::string support_warning(const pocket& of, sys_seconds now) {
    if (!of.supported_until || *of.supported_until - now > warned_before) return {};
    const auto day = format_iso(*of.supported_until - std::chrono::seconds{1}).substr(0, 10);
    if (support_has_ended(of, now)) return "the support of " + of.name() + " ended on " + day;
    const auto left = std::chrono::duration_cast<std::chrono::hours>(*of.supported_until - now).count() / 24;
    return "the support of " + of.name() + " ends on " + day + ", in " + std::to_string(left) + " days";
}

result<pocket_name> parse_pocket_name(std::string_view text) {
    const auto parts = split(text, '/');
    if (parts.size() < 2 || text.size() > 250 || !std::all_of(parts.begin(), parts.end(), is_segment))
        return error{errc::refused, "'" + printable(text, 100) +
                                        "' is no pocket: they are called ARCHIVE/SUITE, of letters, digits, '.', '-', "
                                        "'_' and '+', such as cloud-archive/bookworm-folsom"};
    return pocket_name{std::string{parts[0]}, std::string{text.substr(parts[0].size() + 1)}};
}

result<void> check_component(std::string_view text) {
    if (is_segment(text)) return {};
    return error{errc::refused,
                 "'" + printable(text, 60) + "' cannot be a component's name: letters, digits, '.', '-', '_' and '+'"};
}

result<void> check_architecture(std::string_view text) {
    const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (!text.empty() && text.size() <= 40 && text.front() != '-' && std::all_of(text.begin(), text.end(), fine))
        return {};
    return error{errc::refused,
                 "'" + printable(text, 60) + "' is no architecture, as dpkg has them: amd64, arm64, source"};
}

}  // namespace larder::pockets
