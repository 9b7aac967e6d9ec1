#include "deployments/json_parts.hpp"
#include <json_text.hpp>
#include <larder/net/bundles.hpp>

namespace larder::net {

namespace json = boost::json;

std::string to_json(const export_report& r) {
    return json_text(json::object{{"name", r.name},
                                  {"generation", r.generation},
                                  {"file", r.file},
                                  {"file_bytes", r.file_bytes},
                                  {"objects", r.objects},
                                  {"bytes", r.bytes},
                                  {"resumed", r.resumed},
                                  {"missing", pinning::rows_json(r.missing)},
                                  {"signer", r.signer}});
}

json::object pinning::imported_json(const import_bundle_report& r) {
    return json::object{{"name", r.deployment.name},
                        {"generation", r.deployment.head},
                        {"generations", r.generations},
                        {"objects", r.objects},
                        {"bytes", r.bytes},
                        {"already_here", r.already_here},
                        {"made_by", r.made_by},
                        {"vouched", strings(r.vouched)},
                        {"unproven", strings(r.unproven)},
                        {"missing", pinning::rows_json(r.missing)}};
}

std::string to_json(const import_bundle_report& r) { return json_text(pinning::imported_json(r)); }

std::string to_json(const own_key_report& r) {
    return json_text(json::object{{"fingerprint", r.fingerprint}, {"public_key", r.public_key}});
}

}  // namespace larder::net
