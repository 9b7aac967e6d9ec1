#pragma once

#include "deployments/first_use.hpp"
#include "pinned.hpp"
#include <larder/deployments/registry.hpp>
#include <larder/net/engine_parts.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace larder::net {

using pinned_view_ptr = std::shared_ptr<const pinned_view>;

/// Opens what /snapshot and /d show, and keeps what was asked for lately. Thread-safe.
class views {
public:
    explicit views(engine_parts& parts) : parts_{parts}, registry_{parts.store.objects(), parts.store.refs()} {}

    /// An archive as it was: `when` is a moment ("20261121T063000Z"), at which each suite was in the state with the
    /// latest Date up to it; or the id of one state, or at least its first 8 digits, and then only its suite is
    /// there. `absent` when nothing is known from then; `malformed` when it is neither.
    awaitable<result<pinned_view_ptr>> snapshot(std::string archive, std::string when);
    /// What a deployment shows of an archive, now or in one of its generations. `absent` when there is no such
    /// deployment, when it is removed, or when it has nothing of this archive.
    awaitable<result<pinned_view_ptr>> deployment(std::string name, std::optional<std::uint64_t> number,
                                                  std::string archive);
    /// The same where it is open already; null else. Does not wait.
    pinned_view_ptr ready(const std::string& name, std::optional<std::uint64_t> number, const std::string& archive);

    deployments::registry& registry() noexcept { return registry_; }

    /// What is to be pinned before this file of a deployment's own URL can be answered, given what the deployment
    /// shows of the archive now (null: nothing).
    std::optional<pinning::first_use> first_use_of(const std::string& name, const core::archive_options& of,
                                                   std::string_view path, const pinned_view_ptr& now);
    pinning::first_uses& first_uses() noexcept { return first_uses_; }

private:
    struct entry {
        pinned_view_ptr view;
        std::uint64_t used = 0;        ///< the larger, the later
        std::uint64_t generation = 0;  ///< of the engine, where what it shows may change; else 0
    };

    pinned_view_ptr find(const std::string& key);
    void keep(const std::string& key, pinned_view_ptr view, std::uint64_t generation);
    awaitable<result<pinned_view_ptr>> open(std::string key, std::uint64_t generation,
                                            std::function<result<pinned_view_ptr>()> how);
    result<suite_state_ptr> state(const digest& id);
    result<pinned_view_ptr> open_snapshot(const std::string& archive, const std::string& when);
    result<std::vector<deployments::generation>> shown_lately(const deployments::generation& now);
    result<pinned_view_ptr> open_deployment(const std::string& name, std::uint64_t number, bool in_force,
                                            const std::string& archive);

    engine_parts& parts_;
    deployments::registry registry_;
    std::mutex mutex_;
    std::map<std::string, entry> open_;
    std::map<digest, std::weak_ptr<const suite_state>> states_;
    std::uint64_t clock_ = 0;
    pinning::first_uses first_uses_;
};

}  // namespace larder::net
