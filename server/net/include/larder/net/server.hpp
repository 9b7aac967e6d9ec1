#pragma once

#include <larder/net/engine.hpp>
#include <memory>
#include <string>
#include <vector>

namespace larder::net {

/// The listeners and their loops: one thread and one io_context a core, each with its own listening
/// sockets (SO_REUSEPORT), so that the kernel spreads connections and the loops share nothing. Where its spread is
/// uneven, a new connection is handed to the loop that has the fewest.
class server {
public:
    /// Binds all addresses of the configuration, or takes those that systemd passed
    /// ($LISTEN_FDS); `bad_config` names the address that cannot be bound.
    static result<std::unique_ptr<server>> start(engine& e);
    /// Stops at once what stop() has not.
    ~server();

    /// "127.0.0.1:3142", with the port that the kernel chose where the configuration says 0.
    std::vector<std::string> addresses() const;

    /// No new connections; idle ones end, responses under way are finished, for as long as
    /// server.shutdown_grace allows. Returns when all have ended.
    void stop();

    /// Reads the certificate files anew, and then takes another configuration, all or nothing.
    /// Connections that are open keep their certificate.
    result<void> reload(core::options options);

    /// Whether every loop has come round since this was asked last: for a watchdog.
    bool answers();

private:
    struct impl;
    explicit server(std::unique_ptr<impl>);
    std::unique_ptr<impl> impl_;
};

}  // namespace larder::net
