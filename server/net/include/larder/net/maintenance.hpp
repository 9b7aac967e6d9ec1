#pragma once

#include <cstdint>
#include <larder/net/engine.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// Long work on an engine: what `larder doctor`, `gc`, `import` and `archive update|fetch` do, and the
/// API's jobs of the same names. All of it runs on an ordinary thread that may wait, never on a loop;
/// calls the sink on that thread, a few times a second; and ends soon with `cancelled` once a stop is
/// requested, leaving the store whole. Several may run at once. Names of members are names of JSON
/// members; paths are "archive/path", as a client asks for them.
namespace larder::net {

/// An object that is not what its name says, is gone, cannot be read, or came back.
struct troubled_object {
    digest content;
    std::vector<std::string> known_from;  ///< empty: no verified index names it any more
    std::string why;                      ///< one line
};

/// What is wrong with something that a deployment, one of its units or the journal keeps, or with the fetch log; each a
/// sentence.
struct deployment_trouble {
    std::string deployment;         ///< empty: the journal, or the fetch log
    std::uint64_t generation = 0;   ///< 0: it is none of its generations
    std::string ref;                ///< that names it; empty: the fetch log
    std::optional<digest> content;  ///< the object, where one can be named
    std::string what;               ///< "generation 3 of 'web': its manifest is not here"
    std::string follows;            ///< what cannot be done as long as it is so
    std::string advice;             ///< what to do
};

struct doctor_options {
    bool rebuild = false;     ///< drop the derived tables, and make them anew from objects and refs
    bool repair = true;       ///< false: only look; nothing is moved, fetched or changed. Not with rebuild
    bool give_up = false;     ///< forget generations that are lost and not in force. Only with repair
    bool background = false;  ///< let others have the processor and the disk first
    unsigned threads = 0;     ///< that hash; 0: as many as there are cores
};

struct doctor_report {
    std::uint64_t objects = 0, bytes = 0;  ///< that were hashed
    std::uint64_t states = 0;              ///< of suites, that refs name or generations pin
    std::uint64_t indices = 0;             ///< that were read anew (rebuild)
    std::vector<troubled_object> damaged;  ///< bytes other than the name: set aside
    std::vector<troubled_object> missing;  ///< named by a ref, or a state that one names, and not here
    /// Nobody can tell, for want of permission, memory or descriptors, or because the disk fails: not
    /// hashed, and left where they are, as is the state that one belongs to.
    std::vector<troubled_object> unreadable;
    std::vector<troubled_object> refetched;
    /// Damaged or missing, and not to be had; damaged, and not to be moved; or not tried (no repair).
    std::vector<troubled_object> lost;
    std::vector<std::string> dropped;             ///< refs whose state could not be brought back: "NAME: what was done"
    std::vector<deployment_trouble> deployments;  ///< as it is in the end, after repair
    double seconds = 0;

    bool whole() const noexcept { return lost.empty() && dropped.empty() && unreadable.empty() && deployments.empty(); }
};

/// Hashes every object, sets aside what is damaged, fetches it again where an index or a state says
/// from where, and checks that the states which refs name are here, and all that deployments keep. A current
/// state that is lost for good gives way to the last whole one before it, so that its suite can be served and
/// refreshed. One of the history is forgotten, unless a generation pins it, or may. Generations are forgotten only
/// where that is asked for; the journal says so.
/// `bad_config` for options that exclude each other.
result<doctor_report> doctor(engine& e, const doctor_options& options, const progress_sink& tell,
                             std::stop_token stop = {});

struct gc_options {
    bool dry_run = true;
    /// Objects that came within this time are never removed: a state that is being built names them
    /// only at its end. Less than the default is only for a store that nobody else has open.
    std::uint64_t grace_seconds = 600;
    std::uint64_t free_bytes = 0;  ///< remove at least so much, also when the cache is below its limit
};

struct gc_report {
    bool dry_run = true;
    std::uint64_t objects = 0, bytes = 0;
    std::uint64_t referenced = 0, referenced_bytes = 0;  ///< what a ref reaches: never removed
    std::uint64_t cached = 0, cached_bytes = 0;          ///< the rest
    std::uint64_t limit = 0;                             ///< [store] max_cache_size, for cached_bytes
    std::uint64_t removed = 0, removed_bytes = 0;        ///< or, in a dry run, what would be
    /// Of former states, that were kept as chunks now, and what that takes; or, in a dry run, that would be, and 0.
    std::uint64_t former_indices = 0, former_indices_bytes = 0;
    std::vector<std::string> forgotten;      ///< removed deployments whose grace time is over; or that would be
    std::optional<sys_seconds> used_before;  ///< the last use of the youngest of these
};

/// Brings what no ref reaches below max_cache_size, least recently used first; an object whose use
/// was never noted counts as the oldest. The indices of former states are kept as chunks first, for ever; those that
/// cannot be yet (the disk is full) stay as they are. Removes nothing when it cannot tell what refs reach.
result<gc_report> gc(engine& e, const gc_options& options, const progress_sink& tell, std::stop_token stop = {});

/// For a server's upkeep, once an hour and after a write failed with errc::full: gc in earnest, with
/// a line in the log. A full disk frees at least 1 GiB or a twentieth of the cache, whichever is less.
enum class pressure { none, disk_full };
void keep_below_limit(engine& e, pressure why = pressure::none, std::stop_token stop = {});

struct import_options {
    std::string folder;  ///< on the machine of the store
};

struct import_report {
    std::uint64_t files = 0, bytes = 0;  ///< that were looked at
    std::uint64_t kept = 0, kept_bytes = 0;
    std::uint64_t already_here = 0;
    std::vector<std::string> unknown;     ///< files no verified index knows, below the folder
    std::vector<std::string> unreadable;  ///< "FILE: why", or a folder's, whose files were not looked at
    std::vector<std::string> learnt;      ///< suites that had to be learnt first, and how that went
};

/// Takes in files of an apt or apt-cacher-ng cache, or of any other folder: a file is kept when a
/// verified index names its hash, whatever it is called. Suites that were never seen are fetched first.
result<import_report> import_folder(engine& e, const import_options& options, const progress_sink& tell,
                                    std::stop_token stop = {});

struct update_options {
    std::string archive;
    std::vector<std::string> suites;  ///< none: all that are configured or known
};

struct suite_update {
    std::string suite;
    std::string snapshot;  ///< of the state now; empty when there is none
    std::optional<sys_seconds> date;
    bool changed = false;
    std::uint64_t indices = 0;  ///< that were read just now
    std::string failure;        ///< empty when upstream confirmed the state
};

struct update_report {
    std::string archive;
    std::vector<suite_update> suites;

    bool fine() const noexcept;
};

/// Asks upstream for newer states now, and reads the indices of the configured components and
/// architectures. `absent` when there is no such archive.
result<update_report> update_archive(engine& e, const update_options& options, const progress_sink& tell,
                                     std::stop_token stop = {});

struct fetch_options {
    std::string archive;
    std::vector<std::string> packages;  ///< "name" (the highest version) or "name=version"
    bool with_deps = false;             ///< Depends and Pre-Depends, too
    std::string architecture;           ///< empty: the archive's first configured one
    std::vector<std::string> suites;    ///< none: all that are configured
};

struct fetched_package {
    std::string package, version, architecture, path;
    std::uint64_t size = 0;
    bool was_here = false;
    std::string failure;  ///< empty when it is here now
};

struct fetch_report {
    std::string archive;
    std::vector<fetched_package> packages;
    std::uint64_t bytes = 0;              ///< that came from upstream
    std::vector<std::string> unresolved;  ///< "package needs alternatives": nothing in the archive fits

    bool fine() const noexcept;
};

/// Brings packages here ahead of their clients. With dependencies it takes, for each, the first
/// alternative that the archive has (or the first that provides it, by name) in its highest version:
/// a closure for filling a cache, not an installation plan. `absent` when a package asked for by name
/// is not there.
result<fetch_report> fetch_packages(engine& e, const fetch_options& options, const progress_sink& tell,
                                    std::stop_token stop = {});

struct store_suite {
    std::string name, snapshot;
    std::optional<sys_seconds> date, valid_until, validated;
    std::uint64_t states = 0;
};
struct store_archive {
    std::string name;
    bool configured = true;  ///< false: only its states are still here
    std::vector<store_suite> suites;
};

/// What a store holds, told without a server and without asking upstream.
struct store_report {
    std::string path;
    std::uint64_t objects = 0, bytes = 0;
    std::uint64_t disk_free = 0, disk_size = 0;  ///< bytes, of the store's file system
    std::vector<store_archive> archives;
};
result<store_report> look_at_store(engine& e, const progress_sink& tell, std::stop_token stop = {});

/// One JSON object, without a newline.
std::string to_json(const doctor_report& report);
std::string to_json(const gc_report& report);
std::string to_json(const import_report& report);
std::string to_json(const update_report& report);
std::string to_json(const fetch_report& report);
std::string to_json(const store_report& report);

}  // namespace larder::net
