#include "held.hpp"
#include "keys/keyring_package.hpp"
#include "keys/new_key.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"
#include "pockets/shown.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/deployments/journal_step.hpp>
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

consent unless(bool dry_run) {
    return [dry_run](const auto& changes, auto&) { return !dry_run && !changes.empty(); };
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

result<void> publishing::change_and_tell(engine& e, std::string what, std::string subject, const publisher& who,
                                         const std::function<result<void>(ref_changes)>& change) {
    constexpr int most_tries = 100;
    deployments::journal_entry entry;
    entry.when = e.clock().now();
    entry.what = std::move(what);
    entry.subject = std::move(subject);
    entry.by = who.by;
    entry.reason = who.reason;
    LARDER_TRY(entry.fetches, e.store().fetches().head());
    for (int tries = 0;; ++tries) {
        LARDER_TRY(const auto step, deployments::make_step(e.store().objects(), e.store().refs(), entry));
        const auto how = change(step.refs);
        if (how) {
            // It is new, and so young that gc leaves it alone until it sees the ref.
            e.held().keep(sha256(step.entry.write()));
            e.log().write(log_level::info, entry.what,
                          {{"subject", entry.subject}, {"by", entry.by}, {"reason", entry.reason}});
            return {};
        }
        if (how.error().code() != errc::conflict || tries == most_tries) return how;
        LARDER_TRY(const bool fits, deployments::fits(e.store().refs(), step));
        if (fits) return how;
    }
}

result<pockets::local_archive> create_archive(engine& e, const archive_create_options& options) {
    LARDER_CHECK(check_archive_name(e, options.name));
    const auto user_id = options.key_name.empty() ? options.name + " archive" : printable(options.key_name, 200);
    LARDER_TRY(auto key, options.secret.empty() ? new_key(e, options.name, user_id, signing::key_algorithm::ed25519, {})
                                                : taken_key(e, options.name, options.secret));
    pockets::local_archive made{options.name, {std::move(key)}, e.clock().now(), {}};
    made.package.wanted = options.keyring_package;
    LARDER_CHECK(change_and_tell(e, "archive-create", made.name, options.who,
                                 [&](ref_changes also) { return registry_of(e).create(made, std::move(also)); }));
    LARDER_CHECK(e.local_archives_changed());
    return made;
}

result<publication_report> remove_packages(engine& e, const remove_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& of = mine.of();
    auto what = edition_of(of, step::remove, options.who);
    if (of.head == 0) return error{errc::absent, "pocket " + of.name() + " has no publication"};
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    std::set<std::string, std::less<>> missing{options.packages.begin(), options.packages.end()};
    for (const auto& kept : last.indices) {
        if (!lists_packages(kept.path)) continue;
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

namespace {

/// An index that lists nothing is as good as none.
bool have_same_packages(const pockets::publication& a, const pockets::publication& b) {
    const auto listed = [](const pockets::publication& of) {
        static const auto nothing = sha256({});
        std::map<std::string, digest> all;
        for (const auto& one : of.indices)
            if (lists_packages(one.path) && one.content != nothing) all.emplace(one.path, one.content);
        return all;
    };
    return listed(a) == listed(b);
}

/// The publication before the last step of somebody's that is still in force: what was taken back is so already, and
/// what Larder publishes by itself, or changes no package, is nothing that one goes back from.
result<std::uint64_t> before_last_step(engine& e, const pockets::pocket& of) {
    auto at = of.head;
    std::optional<pockets::publication> now;
    while (at > 1) {
        LARDER_TRY(const auto one, registry_of(e).load(of, at));
        if (!now) now = one;
        if (one.how == step::rollback) {
            at = std::min(one.origin, at - 1);
            continue;
        }
        --at;
        if (one.how == step::refresh || one.how == step::keyring) continue;
        LARDER_TRY(const auto before, registry_of(e).load(of, at));
        if (!have_same_packages(one, before) && !have_same_packages(*now, before)) return at;
    }
    return error{errc::refused, "pocket " + of.name() + " has nothing to go back to"};
}

result<publication_report> roll_back(engine& e, const pocket_rollback_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& of = mine.of();
    auto to = options.to;
    if (to == 0) {
        LARDER_TRY(to, before_last_step(e, of));
    }
    if (to == of.head)
        return error{errc::refused, "pocket " + of.name() + " is at publication " + std::to_string(to) + " already"};
    LARDER_TRY(const auto target, registry_of(e).load(of, to));
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    auto what = edition_of(of, step::rollback, options.who);
    what.agreed = !options.dry_run && !options.as_shown && !have_same_packages(last, target);
    what.next.origin = to;
    // What the gate said of it then holds for it now, and so does that it was set aside.
    what.next.findings = target.findings;
    what.next.overridden = target.overridden;
    LARDER_TRY(what.instead, indices_of(e, target));
    const auto ask = [&](const auto& changes, auto&) -> result<bool> {
        LARDER_CHECK(check_shown(options.as_shown, {to, of.head, seen_in_changes(changes, {})}));
        return !options.dry_run && !changes.empty();
    };
    LARDER_TRY(auto report, publish(e, std::move(what), ask));
    if (!options.preferences) return report;
    // Machines that were held at a former keyring would lose the archive with the next key.
    auto pinned = report.changes;
    std::erase_if(pinned, [&](const auto& one) { return one.name == keyring_package_name(of.archive); });
    report.preferences = pin_downgraded(pinned);
    return report;
}

}  // namespace

result<publication_report> rollback_pocket(engine& e, const pocket_rollback_options& options) {
    LARDER_TRY(auto report, roll_back(e, options));
    if (!report.made) return report;
    // The package with the keys of now comes back at once: the pocket may be frozen next.
    const auto notes = publish_keyring(e, report.pocket.archive, {options.who.by, {}}, timing::now);
    if (!notes) report.warnings.push_back("the keyring package: " + notes.error().message());
    return report;
}

std::string pin_downgraded(const std::vector<index::package_change>& changes) {
    std::map<std::string, std::string> versions;
    for (const auto& one : changes)
        if (one.what == index::package_change::kind::downgraded && one.architecture != "source")
            versions[one.name] = one.after;
    std::string text;
    for (const auto& [name, version] : versions)
        text += (text.empty() ? "Package: " : "\nPackage: ") + name + "\nPin: version " + version +
                "\nPin-Priority: 1001\n";
    return text;
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
    LARDER_CHECK(change_and_tell(e, options.frozen ? "pocket-freeze" : "pocket-unfreeze", of.name(), options.who,
                                 [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); }));
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

result<source_versions> sources_of(engine& e, const pockets::publication& of) {
    auto& known = e.remembered().sources;
    if (const auto found = known.find(of.snapshot)) return *found;
    std::map<std::string, std::string> all;
    for (const auto& kept : of.indices) {
        if (!lists_packages(kept.path)) continue;
        LARDER_TRY(const auto listed, packages_of(e, kept));
        // Without a Sources index the binaries tell which they were built from.
        for (const auto& one : listed)
            if (one.architecture == "source")
                all[one.source] = one.version;
            else
                all.try_emplace(one.source, one.version);
    }
    auto made = std::make_shared<const source_versions>(all.begin(), all.end());
    known.keep(of.snapshot, made);
    return *made;
}

}  // namespace

result<pocket_list> list_pockets(engine& e, const std::string& archive) {
    pocket_list report;
    LARDER_TRY(const auto everywhere, registry_of(e).pockets());
    LARDER_TRY(auto all, registry_of(e).pockets(archive));
    for (const auto& one : in_chains(std::move(all))) {
        pocket_row row;
        row.pocket = one;
        row.warning = pockets::support_warning(one, e.clock().now());
        for (const auto& other : everywhere)
            if (other.upgrades_from == one.name()) row.upgrades_to.push_back(other.name());
        if (one.head != 0) {
            LARDER_TRY(row.last, registry_of(e).load(one, one.head));
            LARDER_TRY(row.sources, sources_of(e, *row.last));
        }
        report.pockets.push_back(std::move(row));
    }
    return report;
}

namespace {

/// Sources, which the difference of two snapshots leaves out: no machine installs from them.
result<std::vector<index::package_change>> source_changes(engine& e, const pockets::publication& before,
                                                          const pockets::publication& after) {
    const auto sources = [&e](const pockets::publication& of) -> result<std::vector<index::listed_package>> {
        std::vector<index::listed_package> all;
        for (const auto& kept : of.indices) {
            if (!kept.path.ends_with("/Sources")) continue;
            LARDER_TRY(auto listed, packages_of(e, kept));
            std::move(listed.begin(), listed.end(), std::back_inserter(all));
        }
        return all;
    };
    LARDER_TRY(auto was, sources(before));
    LARDER_TRY(auto is, sources(after));
    return index::compare(std::move(was), std::move(is));
}

}  // namespace

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
    LARDER_TRY(auto all, diff_snapshots(e, {state_of(older), state_of(newer), {}}, tell, std::move(stop)));
    LARDER_TRY(auto sources, source_changes(e, older, newer));
    std::move(sources.begin(), sources.end(), std::back_inserter(all.packages));
    return all;
}

result<pocket_history> history_of_pocket(engine& e, const std::string& name, std::uint64_t most) {
    pocket_history report;
    LARDER_TRY(report.pocket, registry_of(e).find(name));
    LARDER_TRY(report.publications, registry_of(e).history(report.pocket, most));
    for (auto& one : report.publications) LARDER_CHECK(registry_of(e).load_taken(report.pocket, one));
    return report;
}

}  // namespace larder::net
