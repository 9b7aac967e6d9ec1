#include "pockets/arrivals.hpp"
#include <algorithm>
#include <larder/debs/paragraph.hpp>
#include <larder/index/version.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

/// The stanzas that a pocket has of these names in an index.
result<std::map<std::string, std::string, std::less<>>> present(engine& e, const pockets::publication& last,
                                                                const std::string& path,
                                                                const std::set<std::string, std::less<>>& names) {
    const auto kept =
        std::find_if(last.indices.begin(), last.indices.end(), [&](const auto& one) { return one.path == path; });
    if (kept == last.indices.end()) return std::map<std::string, std::string, std::less<>>{};
    LARDER_TRY(const auto list, list_of(e, *kept));
    return pockets::find_stanzas(list, names, opener_of(e));
}

/// "main/binary-amd64/Packages" -> "amd64": what makes a package one with that of another component.
std::string architecture_in(const std::string& path) {
    if (path.ends_with("/Sources")) return "source";
    const auto rest = path.substr(path.find("binary-") + 7);
    const auto architecture = rest.substr(0, rest.find('/'));
    return path.find("/debian-installer/") == std::string::npos ? architecture : "udeb " + architecture;
}

std::string version_of(const std::string& stanza) {
    const auto paragraph = debs::paragraph::read(stanza);
    return paragraph ? std::string{paragraph->get("Version")} : std::string{};
}

}  // namespace

void put_stanza(index_edits& edits, const pockets::pocket& of, const std::string& component,
                const std::string& architecture, const std::string& name, const std::string& stanza) {
    for (const auto& one : of.components) {
        auto& edit = edits[index_path(one, architecture)][name];
        edit = one == component ? std::optional{stanza} : std::nullopt;
    }
}

result<void> check_no_downgrade(engine& e, const pockets::pocket& of, const index_edits& edits) {
    if (of.head == 0) return {};
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    // A package may have come from another component, whose index then loses it.
    std::map<std::string, std::map<std::string_view, const std::string*>> next;
    for (const auto& [path, all] : edits)
        for (const auto& [name, stanza] : all)
            if (stanza) next[architecture_in(path)][name] = &*stanza;
    for (const auto& [path, all] : edits) {
        std::set<std::string, std::less<>> names;
        for (const auto& [name, stanza] : all) names.insert(name);
        LARDER_TRY(const auto before, present(e, last, path, names));
        const auto& coming = next[architecture_in(path)];
        for (const auto& [name, stanza] : before) {
            const auto version = version_of(stanza);
            const auto found = coming.find(name);
            if (found == coming.end()) continue;
            const auto given = version_of(*found->second);
            if (index::compare_versions(given, version) >= 0) continue;
            return error{errc::refused, name + " " + given + " is older than " + version + ", which " + of.name() +
                                            " has: clients would not follow. --allow-downgrade with --reason puts it "
                                            "there all the same"};
        }
    }
    return {};
}

result<void> check_sources(engine& e, const pockets::pocket& of, const index_edits& edits,
                           const std::map<std::string, std::string>& needed) {
    if (!of.needs_source) return {};
    std::set<std::string, std::less<>> there;
    for (const auto& [path, all] : edits)
        if (path.ends_with("/Sources"))
            for (const auto& [name, stanza] : all)
                if (stanza) there.insert(name);
    std::set<std::string, std::less<>> wanted;
    for (const auto& [source, who] : needed)
        if (!there.contains(source)) wanted.insert(source);
    if (of.head != 0 && !wanted.empty()) {
        LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
        for (const auto& kept : last.indices) {
            if (!kept.path.ends_with("/Sources")) continue;
            LARDER_TRY(const auto found, present(e, last, kept.path, wanted));
            for (const auto& [source, stanza] : found) wanted.erase(source);
        }
    }
    if (wanted.empty()) return {};
    const auto& source = *wanted.begin();
    return error{errc::refused, needed.at(source) + ": its source package " + source + " is neither in " + of.name() +
                                    " nor given with it, and the pocket asks for it: give the .dsc, too"};
}

result<void> check_pool_path(engine& e, const std::string& archive, const std::string& path, const digest& content) {
    LARDER_TRY(const auto known, e.store().known().find(archive, path));
    for (const auto& claim : known) {
        if (claim.content == content) continue;
        // What only a publication that failed has named was never to be had.
        LARDER_TRY(const bool had, e.store().holds().holds(pockets::holder_of(archive), claim.content));
        if (had)
            return error{errc::refused, "archive '" + archive + "' has had " + path +
                                            " with other bytes: give what changed another version"};
    }
    return {};
}

}  // namespace larder::net::publishing
