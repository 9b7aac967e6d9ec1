#include "connection/connection.hpp"

// Objects by their hash, for other Larders: sent like any file of an archive. What stands in their way is told by the
// API, which has the route too.

namespace larder::net {

awaitable<bool> connection::answer_api_object(const core::request_head& head, const core::api_call& call) {
    constexpr std::string_view below = "v1/objects/";
    const bool reads = head.verb == core::method::get || head.verb == core::method::head;
    if (!call.path.starts_with(below) || !reads || head.has_body() || !call.query.empty()) co_return false;
    if (role_of(head) < role::read) co_return false;
    const auto content = digest::from_hex(std::string_view{call.path}.substr(below.size()));
    if (!content) co_return false;
    const auto here = loop_->host.store().objects().find(*content);
    if (!here || !*here) co_return false;
    const serve_object serve{*content, **here, false, std::nullopt};
    const bool sent = co_await answer_object(head, call.path, serve, audience::asker);
    co_return sent;
}

}  // namespace larder::net
