#include "pockets/overrides.hpp"
#include "pockets/admin.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/source.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/claims.hpp>
#include <larder/net/pocket_intake.hpp>

namespace larder::net {
namespace {

using namespace publishing;
using pockets::override_words;

constexpr std::string_view phased_field = "Phased-Update-Percentage";

bool is_sources(const std::string& path) { return path.ends_with("/Sources"); }

const override_words* words_for(const pockets::pocket& of, const std::string& path, const std::string& name) {
    const auto found = of.overrides.find(is_sources(path) ? "src:" + name : name);
    return found == of.overrides.end() ? nullptr : &found->second;
}

std::vector<debs::field_change> changes_of(const override_words* words, const std::string& path) {
    std::vector<debs::field_change> all;
    if (words != nullptr && !words->section.empty()) all.push_back({"Section", words->section});
    if (words != nullptr && !words->priority.empty()) all.push_back({"Priority", words->priority});
    const bool phased = words != nullptr && words->phased && !is_sources(path);
    all.push_back({std::string{phased_field}, phased ? std::to_string(*words->phased) : std::string{}});
    return all;
}

/// The file that a stanza is of: the package, or of a source package the .dsc.
result<digest> content_of(const std::string& path, const std::string& stanza) {
    digest content = index::no_usable_hash;
    const auto in = index::memory_source(stanza);
    const auto take = [&](std::string_view file, const digest& one, std::uint64_t) {
        if (!is_sources(path) || file.ends_with(".dsc")) content = one;
    };
    LARDER_TRY(const auto read, index::scan(index::kind_of(path), *in, {}, take));
    static_cast<void>(read);
    if (content == index::no_usable_hash) return error{errc::malformed, "its stanza names no file"};
    return content;
}

/// What a package says of itself.
result<debs::paragraph> control_of(engine& e, const std::string& path, const std::string& name,
                                   const std::string& stanza) {
    LARDER_TRY(const auto content, content_of(path, stanza));
    if (is_sources(path)) {
        LARDER_TRY(const auto text, e.store().objects().read(content, 4U << 20));
        LARDER_TRY(auto source, debs::read_dsc(text, name + ".dsc"));
        return std::move(source.control);
    }
    LARDER_TRY(auto fd, e.store().objects().open(content));
    const auto in = index::file_source(std::move(fd));
    const bool installer = path.find("/debian-installer/") != std::string::npos;
    LARDER_TRY(auto package, debs::read_deb(*in, name + (installer ? ".udeb" : ".deb"), debs::file_list::skipped));
    return std::move(package.control);
}

/// What is said no more is as the package itself says it.
result<std::vector<debs::field_change>> own_words(engine& e, const std::string& path, const std::string& name,
                                                  const std::string& stanza, const override_words& before,
                                                  const override_words& after) {
    std::vector<debs::field_change> all;
    const bool section = !before.section.empty() && after.section.empty();
    const bool priority = !before.priority.empty() && after.priority.empty();
    if (!section && !priority) return all;
    auto control = control_of(e, path, name, stanza);
    if (!control) return control.error().in(name);
    if (section) all.push_back({"Section", std::string{control->get("Section")}});
    if (priority) all.push_back({"Priority", std::string{control->get("Priority")}});
    return all;
}

/// The stanzas that stand there now, with other words.
result<index_edits> edits_of(engine& e, const pockets::pocket& of, const std::string& package,
                             const override_words& before, const override_words& after) {
    index_edits edits;
    if (of.head == 0) return edits;
    const bool source = package.starts_with("src:");
    const auto name = source ? package.substr(4) : package;
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    for (const auto& kept : last.indices) {
        if (!lists_packages(kept.path) || is_sources(kept.path) != source) continue;
        LARDER_TRY(const auto list, list_of(e, kept));
        LARDER_TRY(const auto found, pockets::find_stanzas(list, {name}, opener_of(e)));
        for (const auto& [one, stanza] : found) {
            LARDER_TRY(const auto own, own_words(e, kept.path, one, stanza, before, after));
            LARDER_TRY(edits[kept.path][one], debs::change_stanza(stanza, own));
        }
    }
    return edits;
}

result<void> check_words(const override_options& o) {
    const auto name = o.package.starts_with("src:") ? o.package.substr(4) : o.package;
    LARDER_CHECK(debs::check_package_name(name));
    for (const auto* value : {&o.section, &o.priority})
        if (value->has_value())
            for (const char c : **value)
                if (c <= ' ' || c > '~' || (*value)->size() > 100)
                    return error{errc::refused,
                                 "'" + printable(**value, 110) + "' is no section or priority: one word"};
    if (o.phased && *o.phased > 100)
        return error{errc::refused, "a Phased-Update-Percentage is 0 to 100, not " + std::to_string(*o.phased)};
    if (o.phased && o.package.starts_with("src:"))
        return error{errc::refused, "source packages are not phased: name the binary packages"};
    if (!o.clear && !o.section && !o.priority && !o.phased)
        return error{errc::refused, "nothing is said of it: --section, --priority or --phased"};
    return {};
}

std::string text_of(const override_words& words) {
    std::string text;
    if (!words.section.empty()) text += " section=" + words.section;
    if (!words.priority.empty()) text += " priority=" + words.priority;
    if (words.phased) text += " phased=" + std::to_string(*words.phased);
    return text.empty() ? " as the package says" : text;
}

}  // namespace

result<void> publishing::impose_overrides(const pockets::pocket& of, index_edits& edits) {
    for (auto& [path, all] : edits)
        for (auto& [name, stanza] : all) {
            if (!stanza) continue;
            const auto* words = words_for(of, path, name);
            if (words == nullptr && stanza->find(phased_field) == std::string::npos) continue;
            auto changed = debs::change_stanza(*stanza, changes_of(words, path));
            if (!changed) return changed.error().in(name);
            stanza = std::move(*changed);
        }
    return {};
}

result<publication_report> set_override(engine& e, const override_options& options) {
    LARDER_CHECK(check_words(options));
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    edition what;
    what.of = mine.of();
    auto& all = what.of.overrides;
    const auto known = all.find(options.package);
    if (options.clear && known == all.end())
        return error{errc::absent, "pocket " + what.of.name() + " says nothing of " + printable(options.package, 110)};
    const auto before = known == all.end() ? override_words{} : known->second;
    auto after = options.clear ? override_words{} : before;
    if (options.section) after.section = *options.section;
    if (options.priority) after.priority = *options.priority;
    if (options.phased) after.phased = options.phased;
    if (after.empty())
        all.erase(options.package);
    else
        all[options.package] = after;
    LARDER_TRY(what.edits, edits_of(e, mine.of(), options.package, before, after));
    what.next.how = pockets::step::change;
    what.next.by = options.who.by;
    what.next.reason = "override of " + options.package + ":" + text_of(after) +
                       (options.who.reason.empty() ? "" : ": " + options.who.reason);
    const auto changed = what.of;
    const auto subject = changed.name() + " " + options.package + text_of(after);
    LARDER_TRY(auto report, publish(e, std::move(what), [](const auto& changes, auto&) { return !changes.empty(); }));
    // It is not there yet: from now on it is said of what comes.
    const std::string word = options.clear ? "pocket-override-clear" : "pocket-override-set";
    if (!report.made) {
        LARDER_CHECK(change_and_tell(e, word, subject, options.who, [&](ref_changes also) {
            return registry_of(e).change(changed, std::move(also));
        }));
        report.pocket = changed;
        return report;
    }
    // The publication's own entry says so already, with its reason; this one is for who looks for overrides.
    LARDER_CHECK(tell_journal(e, word, subject, options.who));
    return report;
}

}  // namespace larder::net
