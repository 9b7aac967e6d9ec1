#pragma once

#include "deployments/adoption.hpp"
#include <larder/deployments/following.hpp>
#include <larder/net/fetch_hub.hpp>
#include <larder/net/peers.hpp>
#include <memory>
#include <optional>
#include <string>

namespace larder::net::pinning {

/// What a deployment follows; nothing when it follows nobody.
struct followed {
    deployments::following peer;
    std::uint64_t version = 0;  ///< of the ref
};
result<std::optional<followed>> followed_by(const store::ref_store& refs, const std::string& name);

/// The peer as something that can be asked: with the token of that file, or of the [[peer]] with this URL.
result<std::shared_ptr<mirror_group>> peer_at(engine& e, const std::string& url, const std::string& token_file);

/// One time that a peer is asked for a deployment.
struct visit {
    std::string name, url, token_file;
    std::vector<std::string> keyrings;
    bool once = false;
    signed_for who;
    /// What was taken the last time (its head's identity): then nothing more is asked.
    std::optional<digest> known;
};
/// Nothing: the peer has what was known. `taken_as`: what to know the next time.
result<std::optional<follow_report>> pay(engine& e, const visit& to, const course& of, digest& taken_as);

/// How it fares; without a URL when it follows nobody.
follow_status following_status_of(engine& e, const std::string& name);
/// The same, for reports.
std::optional<follow_status> follows_whom(engine& e, const std::string& name);
/// Notes for people when a peer was asked with success, or why not.
void note_visit(engine& e, const std::string& name, const std::optional<error>& trouble);

}  // namespace larder::net::pinning
