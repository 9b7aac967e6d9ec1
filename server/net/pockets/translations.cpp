#include "pockets/translations.hpp"
#include <algorithm>
#include <larder/index/compose.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

using names = std::set<std::string, std::less<>>;
using texts = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view in_component = "/i18n/Translation-en";

/// Packages of a component that are installed beside others: not those of the installer, nor sources.
std::vector<std::string> binary_paths(const pockets::pocket& of, const std::string& component) {
    std::vector<std::string> all;
    for (const auto& architecture : of.architectures)
        if (architecture != "source") all.push_back(index_path(component, architecture));
    return all;
}

/// Stanzas of an index of a publication; none where it has not that index.
result<texts> stanzas_in(engine& e, const pockets::publication& last, const std::string& path, const names& wanted) {
    const auto kept =
        std::find_if(last.indices.begin(), last.indices.end(), [&](const auto& one) { return one.path == path; });
    if (kept == last.indices.end() || wanted.empty()) return texts{};
    LARDER_TRY(const auto list, list_of(e, *kept));
    return pockets::find_stanzas(list, wanted, opener_of(e));
}

/// Packages and the MD5s of descriptions.
using keys = std::set<std::pair<std::string, std::string>>;

/// Those that a publication's Translation-en has.
result<descriptions> said_in(engine& e, const pockets::publication& last, const std::string& component,
                             const keys& wanted) {
    descriptions all;
    const auto path = translation_path(component);
    names which;
    for (const auto& [name, md5] : wanted) which.insert(pockets::translation_name(name, md5));
    LARDER_TRY(const auto found, stanzas_in(e, last, path, which));
    for (const auto& [name, text] : found) {
        auto said = debs::read_translation(text);
        if (!said) return said.error().in(last.pocket + ", " + path);
        auto key = std::pair{said->package, said->md5};
        all.emplace(std::move(key), std::move(*said));
    }
    return all;
}

/// Which descriptions stanzas name that were parted from them.
result<void> note_named(keys& all, const std::string& name, const std::string& stanza) {
    LARDER_TRY(const auto parted, debs::split_description(stanza));
    if (!parted.said.md5.empty()) all.emplace(name, parted.said.md5);
    return {};
}

/// Translation-en of one component.
class translator {
public:
    translator(engine& e, edition& what, const std::optional<pockets::publication>& last, const std::string& component)
        : e_{e}, what_{what}, last_{last}, component_{component} {}

    result<void> run() {
        const auto paths = binary_paths(what_.of, component_);
        for (const auto& path : paths) LARDER_CHECK(part(path));
        if (touched_.empty()) return {};
        descriptions before;
        if (last_) {
            for (const auto& path : paths) LARDER_CHECK(compare(path));
            LARDER_TRY(before, said_in(e_, *last_, component_, was_));
        }
        auto& edits = what_.edits[translation_path(component_)];
        for (const auto& [name, md5] : was_)
            if (!is_.contains({name, md5})) edits[pockets::translation_name(name, md5)] = std::nullopt;
        const std::initializer_list<const descriptions*> places{&given_, &what_.described, &before};
        for (const auto& key : is_)
            for (const auto* from : places)
                if (const auto said = from->find(key); said != from->end())
                    edits[pockets::translation_name(key.first, key.second)] = debs::translation_stanza(said->second);
        return {};
    }

private:
    /// Of an index's edits.
    result<void> part(const std::string& path) {
        const auto there = what_.edits.find(path);
        if (there == what_.edits.end()) return {};
        for (auto& [name, stanza] : there->second) {
            touched_.insert(name);
            if (!stanza) continue;
            auto made = debs::split_description(*stanza);
            if (!made) return made.error().in(name);
            stanza = std::move(made->stanza);
            const auto key = std::pair{name, made->said.md5};
            if (!key.second.empty()) is_.insert(key);
            if (!made->said.text.empty()) given_.emplace(key, std::move(made->said));
        }
        return {};
    }

    /// With what an index has now: what is not edited stays.
    result<void> compare(const std::string& path) {
        LARDER_TRY(const auto found, stanzas_in(e_, *last_, path, touched_));
        const auto edits = what_.edits.find(path);
        for (const auto& [name, stanza] : found) {
            LARDER_CHECK(note_named(was_, name, stanza));
            const bool edited = edits != what_.edits.end() && edits->second.contains(name);
            if (!edited) LARDER_CHECK(note_named(is_, name, stanza));
        }
        return {};
    }

    engine& e_;
    edition& what_;
    const std::optional<pockets::publication>& last_;
    const std::string& component_;
    names touched_;
    keys was_, is_;  ///< what the stanzas of those name before, and with the edits
    descriptions given_;
};

/// The descriptions that edits of a pocket's component name.
result<keys> named_in(const index_edits& edits, const pockets::pocket& of, const std::string& component) {
    keys all;
    for (const auto& path : binary_paths(of, component))
        if (const auto there = edits.find(path); there != edits.end())
            for (const auto& [name, stanza] : there->second)
                if (stanza) LARDER_CHECK(note_named(all, name, *stanza));
    return all;
}

}  // namespace

std::string translation_path(const std::string& component) { return component + std::string{in_component}; }

std::vector<std::string> translation_paths(const pockets::pocket& of) {
    std::vector<std::string> all;
    if (of.translations)
        for (const auto& component : of.components) all.push_back(translation_path(component));
    return all;
}

result<void> check_translations(const pockets::pocket& of, const known_indices& indices) {
    const bool has =
        std::any_of(indices.begin(), indices.end(), [](const auto& one) { return one.first.ends_with(in_component); });
    const bool empty = std::all_of(indices.begin(), indices.end(),
                                   [](const auto& one) { return !lists_packages(one.first) || one.second.size == 0; });
    if (has == of.translations || empty) return {};
    return error{
        errc::refused,
        "pocket " + of.name() +
            (has ? ": long descriptions stand in Translation-en here" : ": long descriptions stand in Packages here") +
            ", and that can be changed only while there are no packages: make another pocket, and promote or "
            "pull them there"};
}

result<void> split_descriptions(engine& e, edition& what) {
    if (!what.of.translations || what.edits.empty()) return {};
    std::optional<pockets::publication> last;
    if (what.of.head != 0) {
        LARDER_TRY(last, registry_of(e).load(what.of, what.of.head));
    }
    for (const auto& component : what.of.components) LARDER_CHECK((translator{e, what, last, component}.run()));
    return {};
}

result<descriptions> descriptions_in(engine& e, const pockets::pocket& from, const index_edits& edits) {
    descriptions all;
    if (!from.translations || from.head == 0) return all;
    LARDER_TRY(const auto last, registry_of(e).load(from, from.head));
    for (const auto& component : from.components) {
        LARDER_TRY(const auto named, named_in(edits, from, component));
        LARDER_TRY(auto some, said_in(e, last, component, named));
        all.merge(some);
    }
    return all;
}

result<descriptions> descriptions_offered(engine& e, const offered_suite& from, const pockets::pocket& of,
                                          const index_edits& edits) {
    descriptions all;
    if (!of.translations) return all;
    keys wanted;
    for (const auto& component : of.components) {
        LARDER_TRY(auto named, named_in(edits, of, component));
        wanted.merge(named);
    }
    if (wanted.empty()) return all;
    names which;
    for (const auto& [name, md5] : wanted) which.insert(name);
    LARDER_CHECK(each_translation_of(e, from, [&](index::byte_source& in) {
        return index::each_stanza(in, [&](const index::raw_stanza& one) -> result<void> {
            if (!which.contains(one.name)) return {};
            // What is odd in a foreign text is not taken along: apt does without.
            auto said = debs::read_translation(one.text);
            if (!said) return {};
            auto key = std::pair{said->package, said->md5};
            if (wanted.contains(key)) all.emplace(std::move(key), std::move(*said));
            return {};
        });
    }));
    return all;
}

}  // namespace larder::net::publishing
