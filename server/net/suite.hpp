#pragma once

#include <functional>
#include <larder/net/archive.hpp>

namespace larder::net {

/// What changes about one suite: its states, newest first, and how its last attempts to refresh
/// went. Thread-safe; the states themselves are immutable and shared.
class suite {
public:
    /// Who said that there is such a suite: the configuration or a state in the store, or only a request.
    enum class known_from { here, a_request };

    /// "bookworm", "jammy-updates/zed", or for a flat repository its folder with a slash at the end.
    explicit suite(std::string name, known_from from = known_from::here) : name_{std::move(name)}, from_{from} {}

    /// Whether a name that a client sent can be that of a suite: printable, without spaces, of a length
    /// that a ref's name can hold.
    static bool can_be_called(std::string_view name);

    /// Only asked for, and without a state: it may not exist, so it decides about no path but its own
    /// release files.
    bool stranger() const;

    const std::string& name() const noexcept { return name_; }
    bool flat() const noexcept { return name_.ends_with('/'); }
    /// Its folder below the archive's root, without a slash at the end; empty for "./".
    std::string folder() const;
    /// A file of its folder, below the archive's root.
    std::string file(std::string_view rest) const;

    static std::string ref_prefix(std::string_view archive);
    static std::optional<std::string> name_in_ref(std::string_view archive, std::string_view ref);
    std::string ref(std::string_view archive) const;
    /// Refs of all its states: this, and the moment of the Release's Date.
    std::string history_prefix(std::string_view archive) const;

    /// Which moment it is in the name of one of these; nothing where there is none.
    static std::optional<sys_seconds> moment_of(std::string_view history_ref);

    suite_state_ptr current() const;
    std::vector<suite_state_ptr> states() const;
    void push(suite_state_ptr next);

    /// Reads its states from the store, once; blocks. A current state that cannot be read is replaced by
    /// the newest that can; `newest()` still knows its date. A state that is not `vouched` for (by a key that
    /// the archive has now) counts for nothing.
    using judge = std::function<bool(const state_manifest&)>;
    result<void> load(store::store& store, std::string_view archive, const judge& vouched);
    bool loaded() const;
    /// As if it had never been loaded; upstream may be asked at once.
    void forget();

    /// What the ref said when the states were loaded, or since the last push(); empty: there was none.
    std::string ref_value() const;

    /// The Date of the newest state there ever was, as far as refs tell: an older one is not taken.
    std::optional<sys_seconds> newest() const;

    /// Whether upstream is to be asked (again).
    bool due(steady_point now) const;
    /// Makes it due: something that it had is missing.
    void expire();

    /// Upstream's own Last-Modified of the current InRelease, as long as this process knows it; what
    /// clients are told may be later, and upstream would not know that date.
    std::optional<sys_seconds> upstream_modified() const;
    void upstream_modified(std::optional<sys_seconds> when);
    /// Joins the attempt under way, or starts one: then `begin` is true and the caller must run it
    /// and call finish().
    std::shared_ptr<outcome<result<void>>> attempt(bool& begin);
    void finish(const result<void>& how, steady_point next, sys_seconds now);

    /// When the last attempt ended.
    steady_point finished() const;
    std::optional<sys_seconds> validated() const;
    /// The last failure, while upstream has not confirmed the state since.
    std::optional<error> trouble() const;

    std::mutex& companions_mutex() { return companions_mutex_; }
    std::shared_ptr<outcome<result<void>>> companions_attempt;

private:
    void trouble_while_loading(const error& why);

    static constexpr std::size_t states_kept = 8;

    const std::string name_;
    const known_from from_;
    mutable std::mutex mutex_;
    std::mutex companions_mutex_;
    std::vector<suite_state_ptr> states_;
    std::string ref_value_;
    bool loaded_ = false;
    steady_point next_{}, finished_{};
    std::optional<sys_seconds> validated_;
    std::optional<sys_seconds> newest_, upstream_modified_;
    std::optional<error> trouble_;
    std::shared_ptr<outcome<result<void>>> running_;
};

}  // namespace larder::net
