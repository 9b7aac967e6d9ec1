#include "keys/keyring_package.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

// What a pocket is, as opposed to what is in it: made, and changed.

namespace larder::net {
namespace {

using namespace publishing;
using pockets::step;

/// Follows one kind of link from pocket to pocket; whether it leads back to where it began.
template <class Next>
bool comes_back(const std::vector<pockets::pocket>& all, const pockets::pocket& from, Next&& next) {
    auto name = next(from);
    for (std::size_t i = 0; i <= all.size() && !name.empty(); ++i) {
        if (name == from.name()) return true;
        const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name() == name; });
        name = found == all.end() ? std::string{} : next(*found);
    }
    return false;
}

result<void> check_circles(engine& e, const pockets::pocket& made) {
    LARDER_TRY(const auto all, registry_of(e).pockets());
    const auto target = [](const pockets::pocket& one) {
        return one.feeds.empty() ? std::string{} : one.archive + "/" + one.feeds;
    };
    if (comes_back(all, made, target))
        return error{errc::refused, "--feeds " + made.feeds + " would feed " + made.name() + " itself in the end"};
    if (comes_back(all, made, [](const pockets::pocket& one) { return one.upgrades_from; }))
        return error{errc::refused,
                     "--upgrades-from " + made.upgrades_from + " upgrades from " + made.name() + " itself in the end"};
    return {};
}

/// What is promoted from the one to the other must be the same bytes in both.
result<void> check_agreement(const pockets::pocket& from, const pockets::pocket& to) {
    if (from.translations == to.translations) return {};
    const auto& with = from.translations ? from : to;
    const auto& without = from.translations ? to : from;
    return error{errc::refused, from.name() + " feeds " + to.name() + ", but " + with.name() +
                                    " keeps long descriptions apart (--translations) and " + without.name() +
                                    " does not: make both the same, or take --feeds back first"};
}

result<void> check_link(engine& e, const pockets::pocket& made) {
    if (!made.feeds.empty()) {
        const auto target = registry_of(e).find(made.archive + "/" + made.feeds);
        if (!target) return target.error().in("--feeds " + made.feeds);
        LARDER_CHECK(check_agreement(made, *target));
    }
    LARDER_TRY(const auto beside, registry_of(e).pockets(made.archive));
    for (const auto& one : beside)
        if (one.feeds == made.suite && one.suite != made.suite) LARDER_CHECK(check_agreement(one, made));
    LARDER_CHECK(check_circles(e, made));
    if (!made.upgrades_from.empty()) {
        const auto older = registry_of(e).find(made.upgrades_from);
        if (!older) return older.error().in("--upgrades-from " + made.upgrades_from);
    }
    if (made.base.empty()) return {};
    const auto slash = made.base.find('/');
    const auto archive = e.find_archive(std::string_view{made.base}.substr(0, slash));
    if (slash == std::string::npos || !archive)
        return error{errc::refused, "the base '" + printable(made.base, 110) +
                                        "' is no suite of an archive that is known here: it is called ARCHIVE/SUITE"};
    return {};
}

/// Whether the folder of one pocket is one in which another has its indices: "x" with the component "y", and "x/y".
bool lies_in(const pockets::pocket& inner, const pockets::pocket& outer) {
    if (!inner.suite.starts_with(outer.suite + "/")) return false;
    const auto rest = std::string_view{inner.suite}.substr(outer.suite.size() + 1);
    const auto first = rest.substr(0, rest.find('/'));
    return std::find(outer.components.begin(), outer.components.end(), first) != outer.components.end();
}

result<void> check_folders(engine& e, const pockets::pocket& made) {
    LARDER_TRY(const auto others, registry_of(e).pockets(made.archive));
    for (const auto& other : others)
        if (lies_in(made, other) || lies_in(other, made))
            return error{errc::refused, made.name() + " and " + other.name() +
                                            " would have their indices in one folder: call it something else"};
    return {};
}

result<void> check_pocket(engine& e, pockets::pocket& made) {
    LARDER_TRY(const auto named, pockets::parse_pocket_name(made.name()));
    static_cast<void>(named);
    LARDER_TRY(const auto archive, registry_of(e).find_archive(made.archive));
    if (made.components.empty()) made.components = {"main"};
    if (made.architectures.empty())
        return error{errc::refused, "a pocket needs an architecture: --arch amd64, or --arch amd64,source"};
    for (const auto& one : made.components) LARDER_CHECK(pockets::check_component(one));
    for (const auto& one : made.architectures) {
        LARDER_CHECK(pockets::check_architecture(one));
        if (one == "all" || one == "any")
            return error{errc::refused, "'" + one +
                                            "' is no architecture of a pocket: what is for all of them stands "
                                            "in the index of each"};
    }
    if (made.needs_source && !made.has_architecture("source"))
        return error{errc::refused, "a pocket that asks for sources needs the architecture 'source'"};
    if (made.origin.empty()) made.origin = archive.name;
    if (made.label.empty()) made.label = archive.name;
    LARDER_CHECK(check_folders(e, made));
    return check_link(e, made);
}

const consent always = [](const auto&, auto&) { return true; };

template <class T>
void set(T& to, const std::optional<T>& value) {
    if (value) to = *value;
}

void apply(const pocket_settings& given, pockets::pocket& to) {
    set(to.base, given.base);
    set(to.feeds, given.feeds);
    set(to.origin, given.origin);
    set(to.label, given.label);
    set(to.description, given.description);
    set(to.release_version, given.release_version);
    set(to.upgrades_from, given.upgrades_from);
    set(to.changelogs, given.changelogs);
    set(to.supported_until, given.supported_until);
    set(to.not_automatic, given.not_automatic);
    set(to.but_automatic_upgrades, given.but_automatic_upgrades);
    set(to.needs_source, given.needs_source);
    set(to.xz, given.xz);
    set(to.translations, given.translations);
    set(to.contents, given.contents);
    set(to.valid_for, given.valid_for);
    const auto add = [](std::vector<std::string>& all, const std::vector<std::string>& more) {
        for (const auto& one : more)
            if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
    };
    add(to.architectures, given.more_architectures);
    add(to.components, given.more_components);
}

/// Where it is wanted a new pocket has it at once.
result<void> see_to_keyring(engine& e, const std::string& archive, const publisher& who) {
    LARDER_TRY(const auto notes, publish_keyring(e, archive, {who.by, {}}, timing::now));
    static_cast<void>(notes);
    return {};
}

}  // namespace

result<publication_report> create_pocket(engine& e, const pocket_create_options& options) {
    auto made = options.made;
    apply(options.settings, made);
    std::unique_lock alone{e.keys().turn(made.archive)};
    LARDER_CHECK(check_pocket(e, made));
    if (registry_of(e).find(made.name())) return error{errc::conflict, "there is a pocket " + made.name() + " already"};
    auto report = publish(e, edition_of(made, step::create, options.who), always);
    alone.unlock();
    if (report) LARDER_CHECK(see_to_keyring(e, made.archive, options.who));
    return report;
}

result<publication_report> change_pocket(engine& e, const pocket_change_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    auto changed = mine.of();
    apply(options.settings, changed);
    if (changed.write() == mine.of().write())
        return error{errc::refused, "pocket " + changed.name() + " is as it was asked to be: nothing changes"};
    LARDER_CHECK(check_pocket(e, changed));
    return publish(e, edition_of(changed, step::change, options.who), always);
}

}  // namespace larder::net
