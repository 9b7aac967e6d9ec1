#pragma once

#include <functional>
#include <larder/net/maintenance.hpp>
#include <vector>

namespace larder::net::maintenance {

/// Fetches all of `orders` (what is here already is left out) and calls `ended` for each, by its
/// position: success means that it is in the store, durably. Tells progress in bytes. On an ordinary
/// thread, which waits.
result<void> download(engine& e, const std::vector<fetch_order>& orders, const std::string& doing,
                      const std::function<void(std::size_t, const result<void>&)>& ended, const progress_sink& tell,
                      std::stop_token stop);

/// Waits on the caller's thread, an ordinary one, for something on the upstream loop, which has time-outs of its
/// own. After a stop it goes on there, without a listener.
result<void> wait_for(engine& e, awaitable<result<void>> work, const std::stop_token& stop);

/// Fetches and reads indices; the outcome is the first failure.
result<void> learn_all(engine& e, const std::shared_ptr<archive>& from, std::vector<index_wanted> indices,
                       std::stop_token stop);

/// One suite, asked for now; waits for the outcome.
result<void> refresh_now(engine& e, const std::shared_ptr<archive>& of, const std::string& suite, std::stop_token stop);

}  // namespace larder::net::maintenance
