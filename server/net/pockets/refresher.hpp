#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>

namespace larder::net::publishing {

/// Publishes pockets with a Valid-Until again, as they are and with a newer Date, when a third of that time is left. A
/// thread of its own; what fails is told in the log, and tried again a minute later.
class refresher {
public:
    explicit refresher(engine& e);

private:
    pinning::rounds::clock::time_point round(const std::stop_token& stop);
    result<void> refresh(const std::string& pocket);

    engine& e_;
    pinning::rounds rounds_;
};

}  // namespace larder::net::publishing
