#include "deployments/contents.hpp"
#include "deployments/units.hpp"
#include "own_key.hpp"
#include <algorithm>

namespace larder::net::pinning {

using deployments::bundle_head;

result<void> contents::collect(const deployments::deployment& d, const course& of) {
    const auto registry = registry_of(e_);
    LARDER_TRY(auto generations, registry.history(d.name));
    // What was made since it was looked at is no part of it.
    std::erase_if(generations, [&d](const auto& g) { return g.number > d.head; });
    // Each names the one before: who takes it over could not tell what is missing from what was left out.
    if (generations.size() != d.head)
        return error{errc::absent, "deployment '" + d.name + "' has had " + std::to_string(d.head) +
                                       " generations, of which " + std::to_string(d.head - generations.size()) +
                                       " were given up: it cannot be taken over elsewhere whole"};
    for (const auto& g : generations) {
        LARDER_TRY(const auto id, registry.id_of(d.name, g.number));
        LARDER_CHECK(must_have(id, "the manifest of generation " + std::to_string(g.number)));
        list_.generations.push_back(id);
    }
    of.tell({"collecting", 0, 0});
    for (const auto& g : generations)
        for (const auto& pin : g.pins) {
            LARDER_CHECK(states(pin));
            LARDER_CHECK(indices_are_here(pin, g.architectures));
            archives_.insert(pin.archive);
        }
    LARDER_TRY(const auto units, reported_units(e_, d.name));
    for (const auto& one : units) {
        LARDER_CHECK(must_have(one.report, "the report of unit '" + one.id + "'"));
        list_.units.push_back({one.id, one.reported, one.report});
    }
    return held(d, generations.back(), of);
}

/// Whether it is here.
result<bool> contents::take(const digest& content) {
    if (seen_.contains(content)) return true;
    LARDER_TRY(const auto info, e_.store().objects().find(content));
    if (!info) return false;
    seen_.insert(content);
    list_.objects.push_back({content, info->size, info->modified});
    bytes_ += info->size;
    return true;
}

result<void> contents::must_have(const digest& content, const std::string& what) {
    LARDER_TRY(const auto here, take(content));
    if (here) return {};
    return error{errc::absent, what + " (" + content.hex() + ") is not here; larder doctor tells more"};
}

/// Without them nothing of the suite could be found where there is no network.
result<void> contents::indices_are_here(const deployments::pin& pin, const std::vector<std::string>& architectures) {
    // Generations share most of their states.
    if (!indexed_.emplace(pin.listed(), architectures).second) return {};
    LARDER_TRY(const auto found, load_state(e_.store().objects(), pin.listed()));
    LARDER_TRY(const auto indices, package_indices(e_.store().objects(), *found, suite{pin.suite},
                                                   components_of(e_, pin.archive), architectures));
    for (const auto& [stem, index] : indices)
        if (index.here == nullptr)
            return error{errc::absent, pin.archive + "/" + pin.suite + ": its index " + stem +
                                           " is not here; larder doctor tells more"};
    return {};
}

result<void> contents::states(const deployments::pin& pin) {
    for (const auto& id : {pin.snapshot, pin.listed(), pin.state()})
        if (states_.insert(id).second) LARDER_CHECK(state(pin, id));
    // Lockfiles name what was picked by the Release that lists it.
    for (const auto& one : pin.picks)
        if (!one.version.empty() && sources_.insert(one.from).second) LARDER_CHECK(source_of_pick(pin, one.from));
    return {};
}

/// Its signed files alone; where they are not here any more it is done without.
result<void> contents::source_of_pick(const deployments::pin& pin, const digest& id) {
    const auto found = load_state(e_.store().objects(), id);
    if (!found) return {};
    LARDER_CHECK(must_have(id, "a state of " + pin.archive + "/" + pin.suite));
    for (const auto& file : maintenance::files_of((*found)->manifest()))
        LARDER_CHECK(must_have(file.content, "the Release of " + pin.archive + "/" + pin.suite));
    return {};
}

result<void> contents::state(const deployments::pin& pin, const digest& id) {
    const auto name = pin.archive + "/" + pin.suite;
    LARDER_TRY(const auto found, load_state(e_.store().objects(), id));
    LARDER_CHECK(must_have(id, "a state of " + name));
    for (const auto& file : maintenance::files_of(found->manifest()))
        LARDER_CHECK(must_have(file.content, "the Release of " + name));
    for (const auto& file : found->release().files) {
        const auto content = maintenance::content_of(e_.store().known(), file);
        if (!content) continue;
        LARDER_TRY(const auto here, take(*content));
        static_cast<void>(here);
    }
    LARDER_TRY(const auto companions, maintenance::companions_of(e_.store().known(), id));
    for (const auto& [file, content] : companions) {
        LARDER_TRY(const auto here, take(content));
        if (here) list_.companions.push_back({id, file, content});
    }
    return {};
}

result<void> contents::held(const deployments::deployment& d, const deployments::generation& g, const course& of) {
    metadata_ = list_.objects.size();
    std::vector<std::string> unresolved;
    LARDER_TRY(const auto all, hold_by_mode(e_, d, g, unresolved, of));
    for (const auto& [content, one] : all) list_.holds.push_back(one);
    // By path, so that what belongs together lies together, and the same deployment gives the same list.
    std::sort(list_.holds.begin(), list_.holds.end(), [](const auto& a, const auto& b) {
        return std::tie(a.archive, a.path, a.content) < std::tie(b.archive, b.path, b.content);
    });
    for (const auto& one : list_.holds) {
        LARDER_TRY(const auto here, take(one.content));
        if (!here) missing_.push_back(row_of_missing(one));
    }
    return {};
}

bundle_head head_of(engine& e, const deployments::deployment& d, const contents& all, std::string_view list) {
    bundle_head head;
    head.deployment = d.name;
    head.generation = d.head;
    head.hold = d.hold;
    head.token = d.token;
    head.on_first_use = d.on_first_use;
    head.archives.assign(all.archives().begin(), all.archives().end());
    head.made = e.clock().now();
    head.objects = all.list().objects.size();
    head.bytes = all.bytes();
    head.list = sha256(list);
    return head;
}

result<std::string> signed_head(engine& e, const bundle_head& head) {
    LARDER_TRY(const auto key, e.key().get());
    return key->clear_signed(head.write());
}

}  // namespace larder::net::pinning
