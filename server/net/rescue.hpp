#pragma once

#include <larder/core/options.hpp>
#include <larder/core/snapshot_url.hpp>
#include <larder/net/fetch_hub.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace larder::net {

/// How many states' moments a snapshot service is asked for at most, for one object.
inline constexpr std::size_t most_moments = 8;

/// One place with a URL and perhaps a token, which must be a line of printable characters: `bad_config` says what is
/// wrong, and never what stands in the file. Private addresses count as upstream.private_networks says.
result<std::shared_ptr<mirror_group>> make_peer_group(const std::string& url, const std::string& token_file,
                                                      std::shared_ptr<const core::address_policy> addresses);

/// Where an object has its place in a Larder's API.
std::string object_path(const digest& content);

/// Where objects are asked for that no mirror of their archive has: peers, by hash, and then the archive's snapshot
/// services, at the moments of the states that name it and a while later, for a service may take an archive up only
/// then. The hash decides. Thread-safe.
class rescue {
public:
    static result<std::shared_ptr<rescue>> make(const core::options& options,
                                                std::shared_ptr<const core::address_policy> addresses);

    std::vector<fetch_source> sources_for(const fetch_order& order) const;
    /// Whether there is any for files of this archive.
    bool has_places(const std::string& archive) const;
    /// Asks those places alone, none of the archive's own mirrors.
    fetch_order beside_mirrors(fetch_order order) const;
    /// The same by hash only, of something that is no file of an archive; nothing when there is no peer.
    std::optional<fetch_order> by_hash(const digest& content) const;
    /// Tells two sets of configured places apart: who was not asked may have what others have not. Empty: there are
    /// none.
    std::string fingerprint(const std::string& archive) const;

    /// Peers that deployments follow, beside those of the configuration.
    void follows(std::vector<std::shared_ptr<mirror_group>> peers);
    void take_followed(const rescue& before);
    /// The rules for connections that belong to no archive.
    const std::shared_ptr<const core::address_policy>& addresses() const noexcept { return addresses_; }

private:
    struct service {
        core::snapshot_url where;
        std::shared_ptr<mirror_group> group;
    };
    std::vector<std::shared_ptr<mirror_group>> peers() const;

    std::shared_ptr<const core::address_policy> addresses_;
    std::map<std::string, std::vector<service>, std::less<>> services_;                  ///< by archive
    std::map<std::string, std::shared_ptr<mirror_group>, std::less<>> without_mirrors_;  ///< by archive
    std::shared_ptr<mirror_group> of_no_archive_;
    std::vector<std::shared_ptr<mirror_group>> configured_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<mirror_group>> followed_;
};

/// The Dates that are asked for, of all that there are: each once, the latest first, most_moments at most.
std::vector<sys_seconds> chosen_moments(std::vector<sys_seconds> all);

}  // namespace larder::net
