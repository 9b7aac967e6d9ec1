#pragma once

#include <larder/index/packages.hpp>
#include <larder/net/deployments.hpp>
#include <larder/pockets/registry.hpp>
#include <stop_token>
#include <string>
#include <vector>

namespace larder::net {

// What is done with local archives and their pockets: each a call that blocks, on an ordinary thread; a job of the API,
// or a command that has the store open itself. A pocket changes by publications, each in one step: its indices, its
// signed Release and the refs that name them.

/// Who publishes, and why: it stands in the history for ever.
struct publisher {
    std::string by, reason;
};

struct archive_create_options {
    std::string name;
    std::string key_name;  ///< the user id of its key; empty: "NAME archive"
    std::string secret;    ///< armoured: a key that was made elsewhere, in place of a new one
    /// Whether its pockets have a package with its keys (keys.hpp). Not unless asked for: it is one that nobody put
    /// there.
    bool keyring_package = false;
    publisher who;
};
/// Makes a local archive with a key of its own; it is served at once. `conflict` for a name that an archive has.
result<pockets::local_archive> create_archive(engine& e, const archive_create_options& options);

/// What is to be set in a pocket; the rest stays as it is.
struct pocket_settings {
    std::optional<std::string> base, feeds, origin, label, description, release_version, upgrades_from, changelogs;
    std::optional<std::optional<sys_seconds>> supported_until;
    std::optional<bool> not_automatic, but_automatic_upgrades, needs_source, xz, translations, contents;
    std::optional<std::chrono::seconds> valid_for;
    std::vector<std::string> more_architectures, more_components;  ///< none is ever taken away: clients may have them
};
struct pocket_create_options {
    pockets::pocket made;      ///< its name, components and architectures
    pocket_settings settings;  ///< the rest
    publisher who;
};
/// Makes a pocket and publishes it, empty. `refused` for a name, component or architecture that cannot be, a base or
/// a pocket that it feeds which is not there.
struct publication_report {
    pockets::pocket pocket;
    pockets::publication publication;
    bool made = false;  ///< false: a dry run, nothing to change, or the gate said no
    std::vector<index::package_change> changes;
    std::vector<std::string> findings;  ///< of the gate
    bool passed = true;                 ///< whether the gate let it through
    std::vector<std::string> warnings;  ///< sentences
    std::string preferences;            ///< of a rollback that was asked for them: see pin_downgraded()
};
result<publication_report> create_pocket(engine& e, const pocket_create_options& options);

struct pocket_change_options {
    std::string pocket;
    pocket_settings settings;
    publisher who;
};
/// Changes what a pocket is, and publishes it so. `refused` as for create_pocket, and when nothing changes.
result<publication_report> change_pocket(engine& e, const pocket_change_options& options);

struct include_options {
    std::string pocket;
    std::vector<std::string> files;  ///< on this machine, absolute
    std::string component;           ///< empty: the pocket's first
    bool allow_downgrade = false;    ///< a version below the one that is there
    bool past_support = false;       ///< also when the pocket's support has ended
    bool made_here = false;          ///< built by the archive itself: no source is asked for
    bool dry_run = false;
    publisher who;
    std::string noted_as;  ///< a ref that is written with the publication, and must not be there: of an upload
};
/// Takes packages into the archive's pool, for ever, and publishes the pocket with them: all or nothing. `refused`
/// names the file, and why: not a package, an architecture that the pocket has not, a version that goes backwards, the
/// same name, version and architecture with other bytes.
result<publication_report> include_packages(engine& e, const include_options& options, const progress_sink& tell,
                                            std::stop_token stop = {});

struct pull_options {
    std::string pocket;
    /// Where it is taken from, the most wanted first: suites that are cached or published here, "debian/trixie" as it
    /// is now, or "debian/trixie@20261121T063000Z" as it was (a moment, or a snapshot's id).
    std::vector<std::string> from;
    std::vector<std::string> packages;  ///< patterns (fnmatch(3)) of binary packages' names: "nova-*"
    bool by_source = false;             ///< they are of source packages: all that was built from one comes
    bool with_deps = false;             ///< and what it needs, as far as the pocket does not have it
    bool not_in_base = false;           ///< nor its base
    std::string component;              ///< empty: that of the package, if the pocket has it, else the pocket's first
    bool allow_downgrade = false;       ///< a version below the one that is there
    bool past_support = false;          ///< also when the pocket's support has ended
    bool dry_run = false;
    publisher who;
};
/// Takes packages, for each of the pocket's architectures and with their sources where the pocket has sources, from
/// other archives' indices, stanza by stanza, and publishes the pocket with them: all or nothing. Which are taken is
/// told by qa/gathering.hpp; each with its reason in the publication's `taken`. What is not here is fetched, and
/// verified. `absent` for a pattern that nothing fits; `refused` names what cannot be fulfilled, and as for included
/// ones.
result<publication_report> pull_packages(engine& e, const pull_options& options, const progress_sink& tell,
                                         std::stop_token stop = {});

struct remove_options {
    std::string pocket;
    std::vector<std::string> packages;  ///< names of binary packages, or "src:NAME" for a source and all built from it
    bool dry_run = false;
    publisher who;
};
result<publication_report> remove_packages(engine& e, const remove_options& options);

/// What somebody was shown before he agreed to it. `what` is seen_in() of the report.
struct shown_difference {
    std::uint64_t from = 0, to = 0;  ///< publications: of the pocket that is promoted, and of the one that changes
    digest what{};
};
/// The SHA-256 of what would change, and of what the gate says against it.
digest seen_in(const publication_report&);

struct promote_options {
    std::string pocket;             ///< the one that is promoted; where to, it says itself
    std::vector<std::string> only;  ///< names of source packages; empty: all
    bool dry_run = false;
    std::string override_reason;  ///< sets aside what the gate says
    bool past_support = false;    ///< also when the target's support has ended
    publisher who;
    std::optional<shown_difference> as_shown;  ///< `conflict` when it would be anything else by now
};
/// Copies what a pocket has to the one it feeds, when the gate lets it. A source goes with all that was built from it,
/// in place of what was there of it; what the target has and the source pocket has not, stays.
result<publication_report> promote_pocket(engine& e, const promote_options& options, const progress_sink& tell,
                                          std::stop_token stop = {});

enum class asked_gate { no, yes };
/// What promote_pocket() would change now, and what the gate says of it. Makes nothing, needs no reason, keeps nobody
/// from publishing, and looks also where nothing may be published at the moment: its warnings say so. `pocket` of the
/// report is the one that would change; of `publication` the origin is that of the promoted one.
result<publication_report> preview_promotion(engine& e, const std::string& pocket, const std::vector<std::string>& only,
                                             asked_gate gate, const std::stop_token& stop = {});

struct pocket_rollback_options {
    std::string pocket;
    std::uint64_t to = 0;  ///< 0: the one before the last step that is still in force
    bool preferences = false;
    bool dry_run = false;
    publisher who;
    std::optional<shown_difference> as_shown;  ///< as of a promotion; `from` is the publication that is gone back to
};
/// Publishes again what a former publication had, with a newer Date; the archive's keyring package, where it is wanted,
/// comes back with a publication of its own.
result<publication_report> rollback_pocket(engine& e, const pocket_rollback_options& options);

/// What apt needs to know to go down to a former version (apt_preferences(5)): a pin above 1000 for each package that
/// has a lower one now. Empty when none has.
std::string pin_downgraded(const std::vector<index::package_change>& changes);

struct freeze_options {
    std::string pocket;
    bool frozen = true;
    publisher who;
};
/// While it is frozen nothing is published there.
result<pockets::pocket> freeze_pocket(engine& e, const freeze_options& options);

struct pocket_row {
    pockets::pocket pocket;
    std::optional<pockets::publication> last;
    /// Source packages and their versions.
    std::vector<std::pair<std::string, std::string>> sources;
    std::vector<std::string> upgrades_to;  ///< pockets that upgrade from it
    std::string warning;                   ///< that its support ends soon, or has ended; mostly empty
};
struct pocket_list {
    std::vector<pocket_row> pockets;  ///< by archive; those of a chain follow each other
};
result<pocket_list> list_pockets(engine& e, const std::string& archive);

struct pocket_history {
    pockets::pocket pocket;
    std::vector<pockets::publication> publications;  ///< the last first
};
result<pocket_history> history_of_pocket(engine& e, const std::string& name, std::uint64_t most);

/// What changed between two publications of a pocket. `after` 0: the last one; `before` 0: the one before `after`.
struct pocket_diff_options {
    std::string pocket;
    std::uint64_t before = 0, after = 0;
};
result<suite_difference> diff_pocket(engine& e, const pocket_diff_options& options, const progress_sink& tell,
                                     std::stop_token stop = {});

/// The reports as JSON.
std::string to_json(const pockets::local_archive&);
std::string to_json(const pockets::pocket&);
std::string to_json(const publication_report&);
std::string to_json(const pocket_list&);
std::string to_json(const pocket_history&);

}  // namespace larder::net
