#include "deployments/client_files.hpp"
#include "own_key.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/status.hpp>
#include <larder/core/url.hpp>
#include <larder/deployments/following.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/net/reply.hpp>

namespace larder::net {
namespace {

using namespace pinning;

/// Where the client reaches us: as the configuration says, else as the client said. It stands in scripts.
result<core::url> own_url(engine& e, const deployment_file_request& request) {
    const auto& configured = e.routes()->options.server.public_url;
    return core::parse_url(!configured.empty() ? configured : (request.secure ? "https://" : "http://") + request.host);
}

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == ':' || c == '[' || c == ']' || c == '/';
    });
}

result<client_archive> describe(engine& e, const std::string& name, const std::vector<deployments::pin>& pins) {
    const auto from = e.find_archive(name);
    if (!from) return error{errc::absent, "archive '" + name + "' is not configured any more"};
    client_archive made;
    made.name = name;
    for (const auto& pin : pins) {
        if (pin.archive != name) continue;
        LARDER_TRY(const auto state, load_state(e.store().objects(), pin.snapshot));
        client_suite one;
        one.name = pin.suite;
        one.components = from->options().components;
        if (one.components.empty()) one.components = state->release().components;
        // Also where a state without is shown now: another step may bring back upstream's own.
        one.valid_until = state->release().valid_until.has_value();
        made.suites.push_back(std::move(one));
    }
    LARDER_TRY(made.keys, from->keys().armoured());
    // What is signed here once there was a rollback.
    LARDER_TRY(const auto own, e.key().get());
    made.keys += own->public_key();
    return made;
}

result<client_view> view_for(engine& e, const deployment_file_request& request) {
    const deployments::registry registry{e.store().objects(), e.store().refs()};
    LARDER_TRY(const auto d, registry.find(request.deployment));
    if (d.removed) return error{errc::absent, "deployment '" + d.name + "' was removed"};
    LARDER_TRY(const auto g, registry.load(d.name, request.generation.value_or(d.head)));
    LARDER_TRY(const auto url, own_url(e, request));
    client_view view;
    view.deployment = d.name;
    view.generation = g.number;
    view.pinned = request.generation.has_value();
    view.base = core::to_string(url);
    while (view.base.ends_with('/')) view.base.pop_back();
    view.host = url.host;
    if (!is_plain(view.base)) return error{errc::malformed, "the Host of the request is none"};
    view.architectures = g.architectures;
    std::vector<std::string> names;
    for (const auto& pin : g.pins)
        if (std::find(names.begin(), names.end(), pin.archive) == names.end()) names.push_back(pin.archive);
    LARDER_TRY(const auto others, e.store().refs().get(deployments::keys_ref(d.name)));
    for (const auto& name : names) {
        LARDER_TRY(auto one, describe(e, name, g.pins));
        // Where it came from, states may have been signed after a rollback.
        if (others) one.keys += others->value;
        view.archives.push_back(std::move(one));
    }
    return view;
}

std::string listing(const client_view& view) {
    std::string out = "Deployment " + view.deployment + ", generation " + std::to_string(view.generation) + "\n\n";
    for (const auto name : client_file_names()) out += view.url() + "/" + std::string{name} + "\n";
    return out;
}

}  // namespace

site_reply answer_deployment_file(engine& e, const deployment_file_request& request) {
    site_reply reply;
    const auto names = client_file_names();
    if (!request.file.empty() && std::find(names.begin(), names.end(), request.file) == names.end()) {
        reply.status = 404;
        reply.body = "deployments have no file of this name, and no archive either\n";
        return reply;
    }
    const auto view = view_for(e, request);
    if (!view) {
        reply.status = core::http_status(view.error().code());
        reply.body = printable(view.error().detail()) + "\n";
        return reply;
    }
    reply.body = request.file.empty() ? listing(*view) : client_file(*view, request.file).value_or("");
    reply.fields.emplace_back("Cache-Control", "no-cache");
    return reply;
}

}  // namespace larder::net
