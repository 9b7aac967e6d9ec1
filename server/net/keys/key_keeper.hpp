#pragma once

#include "deployments/rounds.hpp"
#include <larder/net/engine.hpp>
#include <map>
#include <string>

namespace larder::net::publishing {

/// Sees to the keys of local archives: those whose time is over leave, pockets that are not signed as they should be
/// are published again (a crash may have left some), keyring packages are kept up to date, and what ends soon is told
/// in the log, once a day. A thread of its own, with a round a minute; what fails is told in the log, and tried again.
class key_keeper {
public:
    explicit key_keeper(engine& e);

private:
    pinning::rounds::clock::time_point round(const std::stop_token& stop);
    void look_after(const std::string& archive);
    void warn(const std::string& archive);

    engine& e_;
    std::map<std::string, sys_seconds> warned_;  ///< by fingerprint, when
    pinning::rounds rounds_;
};

/// For /metrics: when keys end.
void add_key_gauges(store::ref_store& refs, sys_seconds now, std::vector<gauge_sample>& to);

}  // namespace larder::net::publishing
