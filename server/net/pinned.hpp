#pragma once

#include "suite.hpp"
#include <larder/net/archive.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace larder::net {

/// What a snapshot, or a deployment's generation, shows of one archive: suites that stay at a state. What it
/// shows never changes. Thread-safe.
class pinned_view {
public:
    /// `what` names it in sentences for people: "deployment 'web'". A suite's first state is the one it is
    /// pinned to; the others are such as a client in the middle of an update may still ask for by hash.
    struct pinned_suite {
        std::string name;
        std::vector<suite_state_ptr> states;
    };
    /// `moments`: the Dates of upstream's own states in it.
    pinned_view(std::string what, const std::vector<pinned_suite>& suites, std::vector<sys_seconds> moments,
                std::vector<std::string> architectures = {});

    const std::string& what() const noexcept { return what_; }
    const std::vector<std::shared_ptr<suite>>& suites() const noexcept { return suites_; }
    /// Those whose packages are part of it; empty: all that the archive has.
    const std::vector<std::string>& architectures() const noexcept { return architectures_; }
    /// When the archive was in the states that are shown, the latest first.
    const std::vector<sys_seconds>& moments() const noexcept { return moments_; }

    /// Which content a path has here, as this view's own indices say; looked up once, and remembered. Nothing: not
    /// looked up yet.
    struct found {
        bool named = false;  ///< false: no index of this view names it
        digest content{};
        std::uint64_t size = 0;
    };
    std::optional<found> remembered(std::string_view path) const;
    void remember(std::string_view path, const found& what) const;

private:
    const std::string what_;
    const std::vector<std::string> architectures_;
    const std::vector<sys_seconds> moments_;
    std::vector<std::shared_ptr<suite>> suites_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, found, std::less<>> found_;
};

}  // namespace larder::net
