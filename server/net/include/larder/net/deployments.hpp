#pragma once

#include <chrono>
#include <larder/deployments/drift.hpp>
#include <larder/deployments/journal.hpp>
#include <larder/deployments/journal_copy.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/deployments/unit_plan.hpp>
#include <larder/index/packages.hpp>
#include <larder/net/engine.hpp>
#include <stop_token>
#include <string>
#include <vector>

namespace larder::net {

// What is done with snapshots and deployments: each a call that blocks, on an ordinary thread; a job of the API,
// or a command that has the store open itself.

/// A state of a suite that is kept.
struct snapshot_row {
    std::string archive, suite;
    digest id;
    sys_seconds date{};
    bool current = false;
    std::vector<std::string> signers;
    /// Those that its Release names and its clients need, of the components and architectures that are configured;
    /// how many of them are here in any compression, and how many others can be put together from chunks.
    std::uint64_t indices = 0, indices_here = 0, indices_from_chunks = 0;

    /// Whether all of it can be served with upstream gone.
    bool whole() const noexcept { return indices_here + indices_from_chunks == indices; }
};

struct snapshot_list_options {
    std::string archive, suite;  ///< empty: all
};
struct snapshot_list {
    std::vector<snapshot_row> snapshots;  ///< by archive and suite, the oldest first
};
result<snapshot_list> list_snapshots(engine& e, const snapshot_list_options& options);

/// Two states to set against each other, each "archive/suite@when" (a moment, or an id or its beginning), or
/// "archive/suite" for the state now.
struct snapshot_diff_options {
    std::string before, after;
    std::vector<std::string> architectures;  ///< none: all whose indices are here
};
struct suite_difference {
    std::string archive, suite;
    std::optional<snapshot_row> before, after;
    std::vector<index::package_change> packages;
    std::vector<std::string> unread;  ///< indices that are not here, so that nothing is known of them
};
result<suite_difference> diff_snapshots(engine& e, const snapshot_diff_options& options, const progress_sink& tell,
                                        std::stop_token stop = {});

/// Who does something, and why: it stands in the history for ever.
struct signed_for {
    std::string by, reason;
};

struct create_options {
    std::string name;
    std::vector<std::string> suites;         ///< "archive/suite", or "archive/suite@when" for a state of the past
    std::vector<std::string> architectures;  ///< none: those that the archives have configured
    deployments::hold_mode hold = deployments::hold_mode::used;
    bool on_first_use = false;          ///< besides: each configured suite, when a client first asks for it
    std::vector<std::string> archives;  ///< of these; none: of all that have suites configured
    signed_for who;
};

struct upgrade_options {
    std::string name;
    std::vector<std::string> suites;  ///< as above; none: all that it has, to their states now
    std::string to;                   ///< in place of `suites`: all that it has, to their states at this moment
    /// Only these packages; then the suites above are those that they are taken from, and stay as they are. "hello",
    /// "hello=2.10-4", "hello=2.10-4:amd64"; of a source package, all that is built from it.
    std::vector<std::string> packages, sources;
    bool with_deps = false;  ///< and what these need and the generation lacks
    /// To what the units have installed, or the one of this name; of packages that no kept state of its suites has
    /// either nothing is made, or they are left out.
    bool from_units = false;
    std::string unit;
    bool leave_out_foreign = false;
    bool dry_run = false;
    signed_for who;

    bool only_packages() const noexcept { return from_units || !packages.empty() || !sources.empty(); }
};

struct rollback_options {
    std::string name;
    std::uint64_t to = 0;  ///< a generation's number; 0: the one before
    bool dry_run = false;
    signed_for who;
};

/// A generation that was made, or would be.
struct generation_report {
    deployments::deployment deployment;
    deployments::generation generation;
    bool made = false;                          ///< false: a dry run, or nothing to change
    std::vector<suite_difference> differences;  ///< to the generation before; of a first one none
    /// Of packages that were picked: what they, or others because of them, need and no suite has:
    /// "service 2.0 needs: library (= 2.0)".
    std::vector<std::string> unmet;
    /// Of what units run: packages that no kept state has ("tool 1.0 amd64"), and those that units do not agree on
    /// ("service amd64: 1.0 (alpha, beta), 2.0 (gamma)"). Nothing is made because of them.
    std::vector<std::string> foreign, disagreeing;
};

/// One cut across suites and archives, all or nothing: each suite is asked for if it is due, its indices for the
/// architectures are brought here and read, and then one transaction pins all of them. `upstream_down` (or what it
/// is) names the suite that could not be had; then there is no deployment.
result<generation_report> create_deployment(engine& e, const create_options& options, const progress_sink& tell,
                                            std::stop_token stop = {});
/// The next generation, by the same rules.
result<generation_report> upgrade_deployment(engine& e, const upgrade_options& options, const progress_sink& tell,
                                             std::stop_token stop = {});
/// The next generation, with the suites of an earlier one.
result<generation_report> rollback_deployment(engine& e, const rollback_options& options, const progress_sink& tell,
                                              std::stop_token stop = {});

/// How a deployment that follows a peer (peers.hpp) fares.
struct follow_status {
    std::string url;
    std::optional<sys_seconds> asked;  ///< with success, the last time
    std::string trouble;               ///< since then; empty: none
};

struct deployment_row {
    deployments::deployment deployment;
    deployments::generation head;
    std::string trouble;  ///< why it cannot be read, one line: then of the above the name counts, and perhaps more
    std::optional<follow_status> follows = {};
};
struct deployment_list {
    std::vector<deployment_row> deployments;
};
/// All; one that cannot be read is in it, with its trouble.
result<deployment_list> list_deployments(engine& e);

/// A numbered thing whose object cannot be read.
struct lost_record {
    std::uint64_t number = 0;
    std::string why;  ///< one line
};

struct deployment_history {
    deployments::deployment deployment;
    std::vector<deployments::generation> generations;  ///< the first first
    std::vector<lost_record> lost;                     ///< those that are not among them, for what they are is gone
};
/// What can be read of it; `absent` when there is no such deployment.
result<deployment_history> history_of(engine& e, const std::string& name);

struct generation_diff_options {
    std::string name;
    std::uint64_t before = 0, after = 0;
};
struct generation_diff {
    std::string name;
    std::uint64_t before = 0, after = 0;
    std::vector<suite_difference> differences;
};
result<generation_diff> diff_generations(engine& e, const generation_diff_options& options, const progress_sink& tell,
                                         std::stop_token stop = {});

/// An object that is held and not here.
enum class hold_state {
    at_risk,  ///< nobody has it here, and upstream may: the next fetch of it, or fetch_held, tells
    lost,     ///< upstream was asked, and has it no more; or the archive is not configured any more
};
std::string_view to_string(hold_state) noexcept;
struct hold_row {
    std::string archive, path;
    std::string package, version, architecture;  ///< as the file's name has them
    digest content{};
    std::uint64_t size = 0;
    hold_state state = hold_state::at_risk;
    std::string why;
};
struct hold_report {
    deployments::deployment deployment;
    std::uint64_t held = 0, held_bytes = 0;  ///< that are here
    std::uint64_t at_risk = 0, lost = 0, fetched = 0;
    std::vector<hold_row> rows;           ///< those that are not here, by archive and path
    std::vector<std::string> unresolved;  ///< of a closure: "hello 2.10 needs: missing"
    std::optional<follow_status> follows = {};
};
/// What a deployment holds, by its mode (`used`, what was fetched through it; `closure`, that and all it depends on;
/// `full`, every file of its suites for its architectures), and how much of that is here.
result<hold_report> hold_status(engine& e, const std::string& name, const progress_sink& tell,
                                std::stop_token stop = {});
/// The same, after bringing here what is not. It can be stopped and begun again at any time: what came, stays.
result<hold_report> fetch_held(engine& e, const std::string& name, const progress_sink& tell,
                               std::stop_token stop = {});

/// Puts an entry into the journal, and into the log.
result<void> record(engine& e, deployments::journal_entry entry);

struct journal_options {
    std::size_t last = 0;  ///< so many entries; 0: all
    bool verify = false;   ///< look whether it is whole, and the fetch log with it
};
struct journal_report {
    std::vector<deployments::journal_entry> entries;
    std::vector<lost_record> lost;          ///< entries that cannot be read
    std::optional<std::uint64_t> verified;  ///< how many entries follow on each other without a break
    std::string broken;                     ///< where it breaks
    std::optional<std::uint64_t> fetches;   ///< the same of the fetch log, whose head each entry of the journal names
    std::string broken_fetches;
    std::optional<deployments::journal_seal> sealed;  ///< the last of what is signed
    std::string sealed_by;                            ///< the fingerprint of the key
    std::string broken_seal;  ///< why what was signed is no proof; empty: it is, or there is none
};
result<journal_report> read_journal(engine& e, const journal_options& options);

/// Signs the journal, and writes it into a file as one text (journal_copy.hpp), which is replaced in one step.
struct journal_export_report {
    std::string file;
    std::uint64_t entries = 0, bytes = 0;
    std::string fingerprint;  ///< of the key it is signed with
};
result<journal_export_report> export_journal(engine& e, const std::string& file);

/// A unit as it reported last.
struct unit_row {
    std::string id;
    sys_seconds reported{};
    digest report{};
    std::size_t packages = 0;
    std::vector<deployments::difference> differences;  ///< to the generation in force
    std::string trouble;                               ///< why it is not known what it has, one line; else empty
    bool agrees() const noexcept { return differences.empty() && trouble.empty(); }
};
struct units_report {
    deployments::deployment deployment;
    std::vector<unit_row> units;  ///< by name
    std::size_t agree = 0;        ///< how many do not differ, as far as that is known
    std::string trouble;          ///< why nothing is known of what the generation expects; then none agrees
};
/// What can be told; one unit whose report is lost takes the others nothing.
result<units_report> list_units(engine& e, const std::string& name, const progress_sink& tell,
                                std::stop_token stop = {});

struct admit_options {
    std::string name;
    bool override_it = false;      ///< admit all the same; needs a reason
    bool upgrade = false;          ///< tell what brings each unit to the generation
    std::chrono::seconds wait{0};  ///< until all agree, as they report, so long at most
    signed_for who;
};
struct admit_report {
    units_report units;
    bool admitted = false, overridden = false;
    std::vector<deployments::unit_plan> plan;  ///< for each unit that differs, where it was asked for
};
/// Whether another unit may join: only when those that are there agree with the generation, since the new one will.
result<admit_report> admit(engine& e, const admit_options& options, const progress_sink& tell,
                           std::stop_token stop = {});

/// A unit that is no more; it comes back with its next report. The journal says so: what had drifted may have been
/// forgotten so that others are let in.
result<void> forget_unit(engine& e, const std::string& name, const std::string& unit, const signed_for& who);

/// The objects of all reports that units are known by; of all deployments but one.
result<std::vector<digest>> unit_reports(const store::ref_store& refs, const std::string& without = {});

struct change_options {
    std::string name;
    std::optional<std::string> token;  ///< SHA-256 of the join token, in hex
    std::optional<deployments::hold_mode> hold;
    std::optional<bool> removed;
    std::chrono::seconds grace = std::chrono::days{30};  ///< of one that is removed: until gc may forget it
    signed_for who;
};
/// Changes what is no generation. A removed deployment is served no more, and keeps what it holds until it is
/// forgotten.
result<deployments::deployment> change_deployment(engine& e, const change_options& options);

/// What nothing but this deployment keeps here.
struct removal {
    deployments::deployment deployment;
    std::uint64_t objects = 0, bytes = 0;
};
result<removal> removal_of(engine& e, const std::string& name);

/// Removed deployments whose grace time is over.
result<std::vector<deployments::deployment>> forgettable(engine& e);
/// Drops a deployment for good: its generations, units and holds. What nothing else keeps is then like any other
/// cached object.
result<void> forget_deployment(engine& e, const std::string& name);

/// One JSON object, without a newline.
std::string to_json(const removal& report);
std::string to_json(const hold_report& report);
std::string to_json(const units_report& report);
std::string to_json(const journal_report& report);
std::string to_json(const journal_export_report& report);
std::string to_json(const admit_report& report);
std::string to_json(const deployments::deployment& report);
std::string to_json(const snapshot_list& report);
std::string to_json(const suite_difference& report);
std::string to_json(const generation_report& report);
std::string to_json(const deployment_row& report);
std::string to_json(const deployment_list& report);
std::string to_json(const deployment_history& report);
std::string to_json(const generation_diff& report);

}  // namespace larder::net
