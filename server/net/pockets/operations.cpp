#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/net/deployments.hpp>

namespace larder::net {
namespace {

using namespace publishing;
using pockets::step;

/// A name that is the first part of a URL's path, and no other archive's.
result<void> check_archive_name(engine& e, const std::string& name) {
    LARDER_CHECK(pockets::check_component(name));
    if (name.size() > 60 || name.find('+') != std::string::npos)
        return error{errc::refused, "'" + printable(name, 70) +
                                        "' cannot be an archive's name: at most 60 letters, "
                                        "digits, '.', '-' and '_'"};
    if (core::reserved_name(name))
        return error{errc::refused, "'" + name + "' cannot be an archive's name: Larder has a page of that name"};
    if (e.find_archive(name)) return error{errc::conflict, "there is an archive '" + name + "' already"};
    return {};
}

result<void> check_link(engine& e, const pockets::pocket& made) {
    if (!made.feeds.empty()) {
        const auto target = registry_of(e).find(made.archive + "/" + made.feeds);
        if (!target) return target.error().in("--feeds " + made.feeds);
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

consent unless(bool dry_run) {
    return [dry_run](const auto& changes, auto&) { return !dry_run && !changes.empty(); };
}

edition edition_of(const pockets::pocket& of, step how, const publisher& who) {
    edition made;
    made.of = of;
    made.next.how = how;
    made.next.by = who.by;
    made.next.reason = who.reason;
    return made;
}

}  // namespace

result<void> publishing::tell_journal(engine& e, std::string what, std::string subject, const publisher& who) {
    deployments::journal_entry entry;
    entry.when = e.clock().now();
    entry.what = std::move(what);
    entry.subject = std::move(subject);
    entry.by = who.by;
    entry.reason = who.reason;
    return record(e, std::move(entry));
}

result<pockets::local_archive> create_archive(engine& e, const archive_create_options& options) {
    LARDER_CHECK(check_archive_name(e, options.name));
    const auto user_id = options.key_name.empty() ? options.name + " archive" : printable(options.key_name, 200);
    LARDER_TRY(const auto key, e.keys().make(options.name, user_id));
    pockets::local_archive made{options.name, key->fingerprint(), key->public_key(), e.clock().now()};
    LARDER_CHECK(registry_of(e).create(made));
    LARDER_CHECK(e.local_archives_changed());
    LARDER_CHECK(tell_journal(e, "archive-create", made.name, options.who));
    return made;
}

result<publication_report> create_pocket(engine& e, const pocket_create_options& options) {
    auto made = options.made;
    LARDER_CHECK(check_pocket(e, made));
    if (registry_of(e).find(made.name())) return error{errc::conflict, "there is a pocket " + made.name() + " already"};
    return publish(e, edition_of(made, step::create, options.who), always);
}

result<publication_report> remove_packages(engine& e, const remove_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& of = mine.of();
    auto what = edition_of(of, step::remove, options.who);
    if (of.head == 0) return error{errc::absent, "pocket " + of.name() + " has no publication"};
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    std::set<std::string, std::less<>> missing{options.packages.begin(), options.packages.end()};
    for (const auto& kept : last.indices) {
        LARDER_TRY(const auto listed, packages_of(e, kept));
        for (const auto& one : listed)
            for (const auto& wanted : options.packages) {
                const auto source = wanted.starts_with("src:") ? wanted.substr(4) : std::string{};
                if (source.empty() ? one.name != wanted || one.architecture == "source" : one.source != source)
                    continue;
                what.edits[kept.path][one.name] = std::nullopt;
                missing.erase(wanted);
            }
    }
    if (!missing.empty())
        return error{errc::absent, "pocket " + of.name() + " has no '" + printable(*missing.begin(), 110) +
                                       "': it is the name of a binary package, or src:NAME for a source package"};
    return publish(e, std::move(what), unless(options.dry_run));
}

result<publication_report> rollback_pocket(engine& e, const pocket_rollback_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& of = mine.of();
    if (of.head < 2 && options.to == 0)
        return error{errc::refused, "pocket " + of.name() + " has nothing to go back to"};
    const auto to = options.to == 0 ? of.head - 1 : options.to;
    if (to == of.head)
        return error{errc::refused, "pocket " + of.name() + " is at publication " + std::to_string(to) + " already"};
    LARDER_TRY(const auto target, registry_of(e).load(of, to));
    auto what = edition_of(of, step::rollback, options.who);
    what.next.origin = to;
    LARDER_TRY(what.instead, indices_of(e, target));
    return publish(e, std::move(what), unless(options.dry_run));
}

result<pockets::pocket> freeze_pocket(engine& e, const freeze_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    auto of = mine.of();
    if (options.frozen && trim(options.who.reason).empty())
        return error{errc::refused, "why is it frozen? --reason TEXT says it to those who want to publish there"};
    if (options.frozen == !of.frozen.empty())
        return error{errc::refused,
                     "pocket " + of.name() + (options.frozen ? " is frozen already: " + of.frozen : " is not frozen")};
    of.frozen = options.frozen ? options.who.reason : std::string{};
    LARDER_CHECK(registry_of(e).change(of));
    LARDER_CHECK(tell_journal(e, options.frozen ? "pocket-freeze" : "pocket-unfreeze", of.name(), options.who));
    ++of.version;
    return of;
}

namespace {

/// The pockets that nothing feeds, each followed by what it feeds, and so on.
std::vector<pockets::pocket> in_chains(std::vector<pockets::pocket> all) {
    std::vector<pockets::pocket> sorted;
    const auto take = [&](auto at) {
        sorted.push_back(*at);
        all.erase(at);
    };
    while (!all.empty()) {
        auto next = all.end();
        if (!sorted.empty() && !sorted.back().feeds.empty())
            next = std::find_if(all.begin(), all.end(), [&](const auto& one) {
                return one.archive == sorted.back().archive && one.suite == sorted.back().feeds;
            });
        if (next == all.end())
            next = std::find_if(all.begin(), all.end(), [&](const auto& one) {
                return std::none_of(all.begin(), all.end(), [&](const auto& other) {
                    return other.archive == one.archive && other.feeds == one.suite;
                });
            });
        take(next == all.end() ? all.begin() : next);
    }
    return sorted;
}

result<std::vector<std::pair<std::string, std::string>>> sources_of(engine& e, const pockets::publication& of) {
    std::map<std::string, std::string> all;
    for (const auto& kept : of.indices) {
        LARDER_TRY(const auto listed, packages_of(e, kept));
        // Without a Sources index the binaries tell which they were built from.
        for (const auto& one : listed)
            if (one.architecture == "source")
                all[one.source] = one.version;
            else
                all.try_emplace(one.source, one.version);
    }
    return std::vector<std::pair<std::string, std::string>>{all.begin(), all.end()};
}

}  // namespace

result<pocket_list> list_pockets(engine& e, const std::string& archive) {
    pocket_list report;
    LARDER_TRY(auto all, registry_of(e).pockets(archive));
    for (const auto& one : in_chains(std::move(all))) {
        pocket_row row;
        row.pocket = one;
        if (one.head != 0) {
            LARDER_TRY(row.last, registry_of(e).load(one, one.head));
            LARDER_TRY(row.sources, sources_of(e, *row.last));
        }
        report.pockets.push_back(std::move(row));
    }
    return report;
}

result<suite_difference> diff_pocket(engine& e, const pocket_diff_options& options, const progress_sink& tell,
                                     std::stop_token stop) {
    LARDER_TRY(const auto of, registry_of(e).find(options.pocket));
    const auto after = options.after == 0 ? of.head : options.after;
    const auto before = options.before == 0 ? after - 1 : options.before;
    if (before == 0)
        return error{errc::refused, "publication 1 of " + of.name() + " is the first: there is none before it"};
    LARDER_TRY(const auto older, registry_of(e).load(of, before));
    LARDER_TRY(const auto newer, registry_of(e).load(of, after));
    const auto state_of = [&of](const pockets::publication& one) { return of.name() + "@" + one.snapshot.hex(); };
    return diff_snapshots(e, {state_of(older), state_of(newer), {}}, tell, std::move(stop));
}

result<pocket_history> history_of_pocket(engine& e, const std::string& name, std::uint64_t most) {
    pocket_history report;
    LARDER_TRY(report.pocket, registry_of(e).find(name));
    LARDER_TRY(report.publications, registry_of(e).history(report.pocket, most));
    for (auto& one : report.publications) LARDER_CHECK(registry_of(e).load_taken(report.pocket, one));
    return report;
}

}  // namespace larder::net
