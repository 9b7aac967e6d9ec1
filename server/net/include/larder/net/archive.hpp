#pragma once

#include <atomic>
#include <larder/core/options.hpp>
#include <larder/net/engine_parts.hpp>
#include <larder/net/fetch_hub.hpp>
#include <larder/net/suite_state.hpp>
#include <larder/net/waiting.hpp>
#include <larder/signing/verifier.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace larder::net {

/// What a path comes to, from what is known here without asking anybody.
struct serve_object {
    digest content;
    store::object_info info;
    bool immutable = true;                    ///< false for what changes under its name (InRelease)
    std::optional<std::chrono::seconds> age;  ///< of what changes: since its last validation
};
struct fetch_object {
    fetch_order order;
    bool immutable = true;
    /// The index that it is a compression of can be had here without it, in another form: one that cannot be had is
    /// absent, then, and clients go on to the next (apt-pkg/acquire-item.cc).
    bool other_form = false;
};
/// An index that is kept as chunks, asked for uncompressed, or of one that was published here in a form that its
/// chunks have.
struct join_chunks {
    digest content;
    digest form;  ///< what is asked for; `content` itself, or a compression of it
};
struct ask_suite {
    std::string suite;  ///< must be refreshed first, or has never been seen
};
struct ask_companions {
    std::string suite;  ///< its Release and Release.gpg are asked for, and are not here
};
/// Its Release gives only a SHA-512, so its object's name is not known yet.
struct ask_by_sha512 {
    std::string suite;
    index::release_file file;
    std::vector<std::string> paths;  ///< where upstream may have it, below the archive's root
};
struct learn_indices {
    std::vector<index_wanted> indices;  ///< may name it, and have not been read yet
};
/// The archive has called several contents by this path; which of them these indices mean must be looked up.
struct look_in_indices {
    std::vector<index_wanted> indices;
};
using resolution = std::variant<serve_object, fetch_object, join_chunks, ask_suite, ask_companions, ask_by_sha512,
                                learn_indices, look_in_indices, error>;

class suite;
class pinned_view;

/// What people are shown of a suite.
struct suite_status {
    std::string name;
    std::string snapshot;  ///< id of the current state; empty when there is none
    std::optional<sys_seconds> date;
    std::optional<sys_seconds> valid_until;
    std::optional<sys_seconds> validated;  ///< last time upstream confirmed it
    std::string last_error;
    std::string index_error;  ///< of an index of the current state that cannot be read: what it names is not served
    std::vector<std::string> signers;
    std::size_t states = 0;
};

/// One configured archive: its keyring, its mirrors, its suites with their verified states, and the
/// decision what a path is. Thread-safe; `resolve` runs on the request's own loop, the coroutines
/// that change something run on the upstream loop.
class archive : public std::enable_shared_from_this<archive> {
public:
    /// Opens the keyring; `bad_config` names the file that cannot be used. Reads no suite yet.
    static result<std::shared_ptr<archive>> open(engine_parts& parts, const core::archive_options& options,
                                                 std::shared_ptr<mirror_group> mirrors);

    const core::archive_options& options() const noexcept { return options_; }
    const std::string& name() const noexcept { return options_.name; }

    /// `path` is clean (core::router) and below the archive's root. Once its suite was asked for on
    /// this request's behalf, what is here will do, however soon it is due again.
    enum class asked { not_yet, already };
    resolution resolve(std::string_view path, asked suite = asked::not_yet);

    /// The same where suites stay at a state: nothing is ever asked of upstream but the files themselves.
    resolution resolve_pinned(const pinned_view& view, std::string_view path);
    /// What look_in_indices asks for: reads them until one names the path, and has the view remember it.
    awaitable<result<void>> look_up(std::shared_ptr<const pinned_view> view, std::string path, look_in_indices where,
                                    steady_point deadline);

    /// A client wants what upstream has now: the suite of this release file is due, unless upstream was asked
    /// a moment ago.
    void insist(std::string_view path);

    /// Makes a suite known and, where that is due, asks upstream for a newer state; many askers share
    /// one attempt. Success means: there is a state to serve (perhaps an old one). The attempt goes
    /// on when the deadline ends the wait.
    enum class urgency { if_due, now };
    awaitable<result<void>> refresh(std::string suite, urgency how, steady_point deadline);

    /// Fetches Release and Release.gpg beside an InRelease that is here, for clients that want those.
    awaitable<result<void>> companions(std::string suite, steady_point deadline);

    /// Fetches a file of a suite by its SHA-512 and notes which object it is.
    awaitable<result<void>> name_by_sha512(ask_by_sha512 what, steady_point deadline);

    /// Makes an index that is kept as chunks an object again. When that fails it is asked of upstream for a while, like
    /// one that is not kept.
    awaitable<result<void>> join(join_chunks what, steady_point deadline);
    /// Said when a form of an index could not be had though another can: for a while it is not asked for again.
    void not_to_be_had(const digest& form);

    /// Fetches and reads indices so that what they name becomes known.
    awaitable<result<void>> learn(std::vector<index_wanted> indices, steady_point deadline);

    /// Told when a file of the suite is here: an index is then read in the background.
    void arrived(const fetch_order& order);

    /// Suites to be kept fresh: the configured ones and those with a state.
    std::vector<std::string> suites() const;
    std::vector<suite_status> status() const;
    /// Reads a suite's states from the store anew, when something other than a refresh changed its refs.
    /// Blocks.
    void forget_states(std::string_view suite);
    /// Said of a local archive, under `refs_mutex`, when the refs of a pocket name this state: it is served from now
    /// on.
    void published(const std::string& suite, suite_state_ptr state);
    /// Said of an archive that a reload has replaced: it swings no ref any more. Under `refs_mutex`.
    void retire() noexcept;
    /// Whether a keyring or a secret was changed since this archive read it.
    bool files_changed() const;
    const mirror_group& mirrors() const noexcept { return *mirrors_; }
    std::shared_ptr<mirror_group> mirrors_ptr() const noexcept { return mirrors_; }
    const signing::verifier& keys() const noexcept { return *verifier_; }
    /// Whether the current state of one of its suites names this index.
    bool is_current_index(const digest& content) const;

    /// Everything reachable from this archive's refs that gc must keep.
    result<void> reachable(const std::function<void(const digest&)>& keep) const;
    /// The order that would fetch this content again, for doctor; nothing when no index names it.
    std::optional<fetch_order> order_for(const digest& content) const;
    /// The indices of a suite's current state for these components and architectures (empty: all).
    std::vector<index_wanted> indices_of(std::string_view suite, const std::vector<std::string>& components,
                                         const std::vector<std::string>& architectures) const;

private:
    struct place;
    struct candidate;
    struct needs {
        std::vector<std::vector<fetch_order>> orders;  ///< of each index its compressions, the used one first
        std::vector<ask_by_sha512> wide;
        std::vector<index_wanted> indices;
    };
    archive(engine_parts& parts, core::archive_options options, std::unique_ptr<signing::verifier> verifier,
            std::shared_ptr<mirror_group> mirrors);

    // resolve
    static void consider(place& best, const std::shared_ptr<suite>& one, std::string_view path);
    place locate(std::string_view path) const;
    resolution resolve_release_file(suite& in, std::string_view name, asked suite_was);
    resolution resolve_in_suite(suite& in, std::string_view rest, std::string_view path);
    resolution resolve_by_hash(suite& in, std::string_view rest);
    resolution resolve_pool(std::string_view path);
    resolution resolve_claims(const std::vector<store::claim>& claims);
    resolution deliver(const digest& content, std::uint64_t size, std::vector<std::string> paths, bool immutable);
    std::vector<std::string> paths_of(const suite& in, const suite_state& state, const index::release_file& file) const;
    /// The other compressions of the index that a file is, the smallest first.
    std::vector<index_form> other_forms(const suite& in, const suite_state& state,
                                        const index::release_file& file) const;
    /// A file of a Release as the index that it is; nothing when it is none.
    std::optional<index_wanted> describe(const suite& in, const suite_state& state,
                                         const index::release_file& file) const;
    /// The same for one that has not been read yet, and could be.
    std::optional<index_wanted> wanted(const suite& in, const suite_state& state,
                                       const index::release_file& file) const;
    std::vector<index_wanted> indices_in(const suite& in, const suite_state& state,
                                         const std::vector<std::string>& components,
                                         const std::vector<std::string>& architectures) const;
    std::vector<index_wanted> pool_candidates(std::string_view path) const;
    /// Indices that may name a file: all, or those that nobody has read yet and somebody could.
    enum class which { all, unread };
    /// A package of architecture "all" may stand in the indices of each of these; without any, in all.
    std::vector<index_wanted> pool_indices(const std::vector<std::shared_ptr<suite>>& suites,
                                           const std::vector<std::string>& architectures, std::string_view path,
                                           which of_them) const;
    std::vector<index_wanted> pool_indices(const pinned_view& view, std::string_view path, which of_them) const;
    std::vector<index_wanted> smaller_indices(const suite& in, const suite_state& state, std::string_view rest,
                                              which of_them) const;
    // resolve what is pinned (archive_pinned.cpp)
    using naming = std::function<std::vector<index_wanted>(which)>;
    resolution find_pinned(const pinned_view& view, std::string_view path);
    resolution resolve_pinned_file(const pinned_view& view, std::string_view path, const naming& by);
    awaitable<result<void>> bring(fetch_order order);

    // indices that are kept as chunks (archive_chunks.cpp)
    /// What to do for a file of a state that is not here, where `what` would be to fetch it.
    resolution or_from_chunks(const suite_state& state, const index::release_file& file, resolution what) const;
    /// Whether it can be read without asking anybody.
    bool is_readable(const index_wanted& index) const;
    /// Whether a compression of it is here.
    bool any_form_here(const suite_state& state, std::string_view stem) const;
    bool is_tried(const digest& content) const;
    void note_tried(const digest& content);
    static awaitable<void> run_join(std::shared_ptr<archive> me, join_chunks what, digest key,
                                    std::shared_ptr<outcome<result<void>>> done);
    /// Keeps an index of a former state that came late.
    static awaitable<void> keep_former(std::shared_ptr<archive> me, index_wanted index);
    result<std::uint64_t> keep_chunks_of(const index_wanted& index);

    // refresh
    std::vector<std::shared_ptr<suite>> known_suites() const;
    std::shared_ptr<suite> find_suite(std::string_view name) const;
    result<std::shared_ptr<suite>> find_or_add(const std::string& name);
    /// Reads a suite's states, as far as the present keyring vouches for them. Blocks.
    result<void> load(suite& in) const;
    static awaitable<void> run_refresh(std::shared_ptr<archive> me, std::shared_ptr<suite> in);
    awaitable<result<void>> refresh_once(std::shared_ptr<suite> in);
    awaitable<result<std::optional<candidate>>> find_candidate(std::shared_ptr<suite> in);
    awaitable<result<candidate>> fetch_signed_text(std::shared_ptr<suite> in, std::optional<sys_seconds> since,
                                                   std::vector<std::size_t> excluded);
    result<void> acceptable(const suite& in, const candidate& c) const;
    bool is_current(const suite& in, const candidate& c) const;
    bool all_here(const suite_state_ptr& state) const;
    result<suite_state_ptr> keep(const suite& in, candidate c);
    needs used_files(const suite& in, const suite_state& next) const;
    awaitable<result<void>> bring_indices(std::shared_ptr<suite> in, suite_state_ptr next);
    result<void> switch_to(const suite& in, suite_state_ptr next);
    static awaitable<void> run_companions(std::shared_ptr<archive> me, std::shared_ptr<suite> in);
    awaitable<result<void>> fetch_companions(std::shared_ptr<suite> in);

    // learn
    static awaitable<void> run_learn(std::shared_ptr<archive> me, index_wanted index,
                                     std::shared_ptr<outcome<result<void>>> done);
    awaitable<result<void>> learn_one(index_wanted index);
    static awaitable<void> run_name(std::shared_ptr<archive> me, ask_by_sha512 what, digest key,
                                    std::shared_ptr<outcome<result<void>>> done);
    awaitable<result<void>> fetch_by_sha512(ask_by_sha512 what);
    std::vector<index_wanted> returning(const suite& in, const suite_state& next) const;
    result<void> keep_by_sha512(const ask_by_sha512& what, const document& body);
    std::optional<digest> object_of(const index::release_file& file) const;
    std::pair<std::shared_ptr<outcome<result<void>>>, bool> begin_or_join(const digest& key);
    resolution deliver_file(const suite& in, const suite_state& state, const index::release_file& file, bool immutable);
    std::shared_ptr<outcome<result<void>>> start_learning(const index_wanted& index);
    void note_reading(const index_wanted& index, const result<void>& how);
    std::string index_error(const suite& in, const suite_state& state) const;

    engine_parts& parts_;
    const core::archive_options options_;
    const std::unique_ptr<signing::verifier> verifier_;
    const std::shared_ptr<mirror_group> mirrors_;
    std::atomic<bool> retired_{false};
    std::vector<std::string> stamps_;  ///< of the files that open() read; not changed after it
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<suite>, std::less<>> suites_;
    std::map<digest, std::shared_ptr<outcome<result<void>>>> learning_;
    /// Indices that could not be had, until when they are not asked for again, and why.
    std::map<digest, std::pair<steady_point, error>> unreadable_;
    /// Forms of indices that could not be had, and chunks that could not be joined, until when they are not tried.
    std::map<digest, steady_point> tried_;
    /// For people: by its path, the index that could not be read there the last time, and why.
    struct broken_index {
        digest key;
        error why;
    };
    std::map<std::string, broken_index, std::less<>> broken_indices_;
};

}  // namespace larder::net
