#pragma once

#include <larder/net/bundles.hpp>

namespace larder::net {

// Deployments that are taken over from another Larder, a peer, over its API. Calls block, as those of deployments.hpp
// do.

struct follow_options {
    std::string name;
    std::string url;         ///< of the peer; empty: the one that it follows already
    std::string token_file;  ///< whole path; empty: that of the [[peer]] with this URL, or none
    /// Whose deployments are taken, as for import_bundle; what was named for this deployment once counts on.
    std::vector<std::string> keyrings;
    bool once = false;  ///< take it over as it is now, and do not follow
    signed_for who;
};
struct follow_report {
    import_bundle_report taken;
    std::string url;
    bool following = false;
    std::uint64_t fetched = 0, fetched_bytes = 0;  ///< objects that came from the peer just now
};
/// Takes over a deployment as the peer has it, after verifying all of it as import_bundle does, and from then on
/// follows it: a server asks again (store.follow_refresh), and the deployment has the peer's generations and no others.
/// What came stays after an interruption, and the next call leaves it out. `bad_signature`, `digest_mismatch` and
/// `malformed` for a peer that lies; `refused` for one that shows less than is here, or another deployment of that
/// name; `upstream_down`, `timeout`.
result<follow_report> follow_deployment(engine& e, const follow_options& options, const progress_sink& tell,
                                        std::stop_token stop = {});
/// Lets it go its own way. `refused` when it follows nobody.
result<deployments::deployment> unfollow_deployment(engine& e, const std::string& name, const signed_for& who);

/// What a peer is given of a deployment: the signed head of its bundle, of which all else follows by hashes. The list
/// is an object from then on.
result<std::string> bundle_head_of(engine& e, const deployments::deployment& d, std::stop_token stop);

std::string to_json(const follow_report& report);

}  // namespace larder::net
