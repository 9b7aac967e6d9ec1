#include "connection/loop.hpp"

namespace larder::net {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

}  // namespace

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

const std::string& loop_context::date_and_end() {
    const auto now = host.clock().now();
    if (now != date_of_ || date_and_end_.empty()) {
        date_of_ = now;
        date_and_end_.clear();
        core::append_http_date(date_and_end_, now);
        date_and_end_ += end_of_head;
    }
    return date_and_end_;
}

std::string_view loop_context::date() {
    const std::string_view both = date_and_end();
    return both.substr(0, both.size() - end_of_head.size());
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
