#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>

namespace larder::net::publishing {

/// Looks into the incoming folders of pockets every few seconds, and once a minute, first at its beginning, at what
/// waits: an upload that was whole when the server ended is taken now, and what has waited for a day goes. A thread of
/// its own; what fails is told in the log.
class upload_watch {
public:
    explicit upload_watch(engine& e);

private:
    pinning::rounds::clock::time_point round(const std::stop_token& stop);

    engine& e_;
    pinning::rounds::clock::time_point look_again_at_{};
    pinning::rounds rounds_;
};

}  // namespace larder::net::publishing
