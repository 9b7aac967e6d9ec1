#pragma once

#include <boost/asio/io_context.hpp>
#include <larder/core/options.hpp>
#include <larder/net/transfer.hpp>
#include <memory>

namespace larder::net {

/// Every outgoing HTTP request: libcurl's multi interface driven by one Asio loop, no thread per
/// transfer. Connections are kept and shared; at most `connections` to a host are open at once and
/// further transfers queue: urgent ones in a queue of their own, with one or two of the connections. All calls, and all
/// calls of sinks, happen on the loop's one thread.
class upstream_client {
public:
    upstream_client(boost::asio::io_context& loop, const core::upstream_options& options);
    /// Transfers still under way end with `cancelled`.
    ~upstream_client();

    upstream_client(const upstream_client&) = delete;
    upstream_client& operator=(const upstream_client&) = delete;

    /// Starts a transfer; `sink` lives until `ended` was called. Returns a handle for cancel().
    std::uint64_t start(transfer_request request, std::shared_ptr<transfer_sink> sink);
    /// Ends it with `cancelled`, from a later turn of the loop; one that ended already is fine.
    void cancel(std::uint64_t handle);
    /// Cancels all.
    void shut_down();

    /// Takes new limits for transfers that start from now on.
    void reconfigure(const core::upstream_options& options);

    std::size_t active() const noexcept;

    /// Bytes received over all transfers.
    std::uint64_t received() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace larder::net
