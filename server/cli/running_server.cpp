#include "running_server.hpp"
#include "work.hpp"
#include <boost/json.hpp>
#include <larder/net/store_identity.hpp>

namespace larder::cli {
namespace {

/// Where this user may not look at the store (it has the socket's group, say), the paths must do.
bool is_ours(const std::string& configured, const std::string& path, const std::string& id) {
    const auto ours = net::store_identity(configured);
    if (ours) return *ours == id;
    return ours.error().code() != errc::absent && configured == path;
}

}  // namespace

result<std::optional<admin_client>> server_of(const core::options& config) {
    LARDER_TRY(auto server, admin_client::connect(config.server.admin_socket));
    if (!server) return std::optional<admin_client>{};
    const auto told = server->get("/store");
    if (!told)
        return told.error().in("the server at " + config.server.admin_socket + " does not say which store it has");
    const auto store = told->is_object() ? told->get_object() : boost::json::object{};
    const auto path = text_in(store, "path");
    if (!is_ours(config.store.path, path, text_in(store, "id")))
        return error{errc::conflict, "the server at the admin socket " + config.server.admin_socket +
                                         " has the store " + path + ", and the configuration names " +
                                         config.store.path +
                                         ": nothing was done; give each configuration a socket of its own"};
    return std::optional{std::move(*server)};
}

}  // namespace larder::cli
