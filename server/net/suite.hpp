#pragma once

#include <larder/net/archive.hpp>

namespace larder::net {

/// What changes about one suite: its states, newest first, and how its last attempts to refresh
/// went. Thread-safe; the states themselves are immutable and shared.
class suite {
public:
    /// "bookworm", "jammy-updates/zed", or for a flat repository its folder with a slash at the end.
    explicit suite(std::string name) : name_{std::move(name)} {}

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

    suite_state_ptr current() const;
    std::vector<suite_state_ptr> states() const;
    void push(suite_state_ptr next);

    /// Reads its states from the store, once; blocks.
    result<void> load(store::store& store, std::string_view archive);
    bool loaded() const;

    /// Whether upstream is to be asked (again).
    bool due(steady_point now) const;
    /// Joins the attempt under way, or starts one: then `begin` is true and the caller must run it
    /// and call finish().
    std::shared_ptr<outcome<result<void>>> attempt(bool& begin);
    void finish(const result<void>& how, steady_point next, sys_seconds now);

    std::optional<sys_seconds> validated() const;
    /// The last failure, while upstream has not confirmed the state since.
    std::optional<error> trouble() const;

    std::mutex& companions_mutex() { return companions_mutex_; }
    std::shared_ptr<outcome<result<void>>> companions_attempt;

private:
    static constexpr std::size_t states_kept = 8;

    const std::string name_;
    mutable std::mutex mutex_;
    std::mutex companions_mutex_;
    std::vector<suite_state_ptr> states_;
    bool loaded_ = false;
    steady_point next_{};
    std::optional<sys_seconds> validated_;
    std::optional<error> trouble_;
    std::shared_ptr<outcome<result<void>>> running_;
};

}  // namespace larder::net
