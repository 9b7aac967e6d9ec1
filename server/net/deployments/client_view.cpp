#include "deployments/client_files.hpp"
#include "deployments/states.hpp"
#include "own_key.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/status.hpp>
#include <larder/core/url.hpp>
#include <larder/deployments/following.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/net/reply.hpp>
#include <larder/pockets/registry.hpp>
#include <larder/signing/archive_key.hpp>

namespace larder::net {
namespace {

using namespace pinning;

/// Where the client reaches us: as the configuration says, else as the client said. It stands in scripts.
result<core::url> own_url(engine& e, const deployment_file_request& request) {
    const auto& configured = e.routes()->options.server.public_url;
    return core::parse_url(!configured.empty() ? configured : (request.secure ? "https://" : "http://") + request.host);
}

std::string base_of(const core::url& url) {
    auto base = core::to_string(url);
    while (base.ends_with('/')) base.pop_back();
    return base;
}

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == ':' || c == '[' || c == ']' || c == '/';
    });
}

/// A suite that is pinned when a client asks for it: as it is now, as far as that is known.
result<client_suite> describe_to_come(engine& e, const archive& from, const std::string& name) {
    client_suite one;
    one.name = name;
    one.components = from.options().components;
    one.valid_until = true;  // it may have one by then
    const auto now = find_current(e.store().refs(), {from.name(), name, {}});
    const auto state = now ? load_state(e.store().objects(), *now) : result<suite_state_ptr>{now.error()};
    if (state) {
        one.valid_until = (*state)->release().valid_until.has_value();
        if (one.components.empty()) one.components = (*state)->release().components;
    }
    if (one.components.empty() && !name.ends_with('/'))
        return error{errc::upstream_down,
                     "the components of " + from.name() + "/" + name +
                         " are not known yet: name them in the configuration (components), or have "
                         "larder archive update ask for them"};
    return one;
}

/// Of the configured suites those that are not pinned yet.
result<void> add_to_come(engine& e, client_archive& to) {
    const auto from = e.find_archive(to.name);
    if (!from) return error{errc::absent, "archive '" + to.name + "' is not configured any more"};
    for (const auto& name : from->options().suites) {
        const auto same = [&name](const client_suite& one) { return one.name == name; };
        if (std::any_of(to.suites.begin(), to.suites.end(), same)) continue;
        LARDER_TRY(auto one, describe_to_come(e, *from, name));
        to.suites.push_back(std::move(one));
    }
    return {};
}

/// Of an archive that is published here what it publishes now, where a key that was revoked says so, and those that are
/// gone: what is pinned may be older than their going.
result<std::string> keys_for_clients(engine& e, const archive& of) {
    if (!of.options().local) return of.keys().armoured();
    LARDER_TRY(const auto archive, pockets::registry{e.store().refs()}.find_archive(of.name()));
    std::vector<std::string> all;
    for (const auto& one : archive.keys) all.push_back(one.published());
    return signing::joined_keys(all);
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
    LARDER_TRY(made.keys, keys_for_clients(e, *from));
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
    view.base = base_of(url);
    if (!is_plain(view.base)) return error{errc::malformed, "the Host of the request is none"};
    view.architectures = g.architectures;
    for (const auto& text : e.routes()->options.server.partners) {
        LARDER_TRY(const auto other, core::parse_url(text));
        view.partners.push_back(base_of(other));
    }
    std::vector<std::string> names;
    for (const auto& pin : g.pins)
        if (std::find(names.begin(), names.end(), pin.archive) == names.end()) names.push_back(pin.archive);
    // Each generation's own URL shows what that one has.
    const auto on_first_use = view.pinned ? std::vector<std::string>{} : d.on_first_use;
    for (const auto& name : on_first_use)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    LARDER_TRY(const auto others, e.store().refs().get(deployments::keys_ref(d.name)));
    for (const auto& name : names) {
        LARDER_TRY(auto one, describe(e, name, g.pins));
        if (std::find(on_first_use.begin(), on_first_use.end(), name) != on_first_use.end())
            LARDER_CHECK(add_to_come(e, one));
        // Where it came from, states may have been signed after a rollback.
        if (others) one.keys += others->value;
        view.archives.push_back(std::move(one));
    }
    return view;
}

std::string listing(const client_view& view) {
    std::string out = "Deployment " + view.deployment + ", generation " + std::to_string(view.generation) + "\n\n";
    for (const auto& name : client_file_names(view)) out += view.url() + "/" + name + "\n";
    return out;
}

site_reply no_such_file() {
    site_reply reply;
    reply.status = 404;
    reply.body = "deployments have no file of this name, and no archive either\n";
    return reply;
}

}  // namespace

site_reply answer_deployment_file(engine& e, const deployment_file_request& request) {
    site_reply reply;
    if (!request.file.empty() && !may_be_client_file(request.file)) return no_such_file();
    const auto view = view_for(e, request);
    if (!view) {
        reply.status = core::http_status(view.error().code());
        reply.body = printable(view.error().detail()) + "\n";
        return reply;
    }
    const auto file = request.file.empty() ? std::optional{listing(*view)} : client_file(*view, request.file);
    if (!file) return no_such_file();
    reply.body = *file;
    reply.fields.emplace_back("Cache-Control", "no-cache");
    return reply;
}

}  // namespace larder::net
