#include "connection/loop.hpp"

namespace larder::net {

void loop_context::follow_removals() {
    const auto now = host.removals();
    if (now == removals_) return;
    removals_ = now;
    let_go();
}

void loop_context::let_go() {
    answers.clear();
    files.let_go();
}

const std::string& loop_context::date() {
    const auto now = host.clock().now();
    if (now != date_of_ || date_.empty()) {
        date_of_ = now;
        date_.clear();
        core::append_http_date(date_, now);
    }
    return date_;
}

const std::shared_ptr<const routing>& loop_context::current_routes() {
    const auto now = host.generation();
    if (now != routes_generation) {
        routes = host.routes();
        routes_generation = now;
    }
    return routes;
}

}  // namespace larder::net
