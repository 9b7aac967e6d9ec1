#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/peers.hpp>

namespace larder::net {

namespace json = boost::json;

json::value pinning::follows_json(const std::optional<follow_status>& of) {
    if (!of) return nullptr;
    json::object out{{"url", of->url}, {"asked", nullptr}, {"trouble", of->trouble}};
    if (of->asked) out["asked"] = format_iso(*of->asked);
    return out;
}

std::string to_json(const follow_report& r) {
    auto out = pinning::imported_json(r.taken);
    out["url"] = r.url;
    out["following"] = r.following;
    out["fetched"] = r.fetched;
    out["fetched_bytes"] = r.fetched_bytes;
    return json_text(out);
}

}  // namespace larder::net
