#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>
#include <larder/pockets/pocket.hpp>
#include <larder/pockets/publication.hpp>
#include <map>

namespace larder::net::publishing {

/// Makes the Contents of pockets that ask for them, on a thread of its own, and publishes the pocket with them: no
/// other publication waits for that. One that comes meanwhile lists the Contents that there were, and they are made
/// anew. At most a tenth of the time is spent on a pocket; what fails is told in the log, and tried again a minute
/// later.
class contents_maker {
public:
    explicit contents_maker(engine& e);

private:
    using clock = pinning::rounds::clock;
    /// What the last Contents of a pocket were made of.
    struct state {
        std::uint64_t head = 0;
        std::vector<pockets::kept_index> packages;
        bool xz = false;
        clock::time_point rest_until{};
    };

    clock::time_point round(const std::stop_token& stop);
    result<void> look_after(const pockets::pocket& of, state& known, const std::stop_token& stop);

    engine& e_;
    std::map<std::string, state> known_;  ///< by the pocket
    pinning::rounds rounds_;
};

}  // namespace larder::net::publishing
