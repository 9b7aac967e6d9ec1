#include "maintenance/rebuild.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"

namespace larder::net::maintenance {
namespace {

/// What is in the derived tables and nowhere else. Losing it costs little, so trouble here is none.
struct carried {
    std::vector<std::pair<digest, sys_seconds>> uses;
    std::vector<std::pair<std::string, std::string>> notes;
};

carried take_along(engine& e, const std::vector<known_state>& states) {
    carried all;
    auto& known = e.store().known();
    static_cast<void>(known.flush_uses());
    static_cast<void>(e.store().objects().for_each([&](const digest& d, const store::object_info&) {
        const auto used = known.last_use(d);
        if (used && *used) all.uses.emplace_back(d, **used);
        return true;
    }));
    const auto keep_note = [&](std::string key) {
        if (const auto note = known.get_note(key); note && *note) all.notes.emplace_back(std::move(key), **note);
    };
    for (const auto& one : states) {
        for (const auto& file : one.state->release().files)
            if (!file.sha256) keep_note("sha512/" + file.sha512);
        if (one.from.current) keep_note("validated/" + one.from.ref);
        // Also of states of the past: snapshots and deployments show them.
        for (const auto* name : {"Release", "Release.gpg"})
            keep_note("companion/" + one.state->id().hex() + "/" + name);
    }
    // What upstream had no more when it was asked: the answer may not be had again.
    digest_set held;
    const auto each = [&held](std::string_view, const store::held_object& one) { held.insert(one.content); };
    static_cast<void>(e.store().holds().each({}, each));
    for (const auto& content : held)
        if (const auto here = e.store().objects().find(content); here && !*here)
            keep_note("unobtainable/" + content.hex());
    return all;
}

result<void> put_back(engine& e, const carried& all) {
    auto& known = e.store().known();
    for (const auto& [d, when] : all.uses) known.used(d, when);
    LARDER_CHECK(known.flush_uses());
    for (const auto& [key, value] : all.notes) LARDER_CHECK(known.put_note(key, value));
    return {};
}

}  // namespace

result<std::uint64_t> rebuild(engine& e, const std::vector<known_state>& states, const progress_sink& tell,
                              std::stop_token stop) {
    const auto along = take_along(e, states);
    LARDER_CHECK(e.store().known().clear());
    LARDER_CHECK(put_back(e, along));
    LARDER_CHECK(e.store().fetches().index_anew());
    std::uint64_t read = 0, done = 0;
    // The current states first: what they say stands in front of what the others said, the younger first.
    for (auto at = states.rbegin(); at != states.rend(); ++at) {
        const auto& one = *at;
        tell({"reading indices of " + one.from.archive + " " + one.from.suite, done++, states.size()});
        for (auto& index : indices_of(one, {}, e.store(), nullptr)) {
            index.former = !one.from.current;
            if (stop.stop_requested())
                return error{
                    errc::cancelled,
                    "stopped before all indices were read; run it again, or they are read as clients need them"};
            const auto here = e.store().objects().find(index.order.content);
            const bool as_chunks = index.base.empty() && has_chunks(e.store().refs(), index.key);
            if ((!here || !*here) && !as_chunks) continue;
            const auto known = e.store().known().knows_index(one.from.archive, index.key);
            if (known && *known) continue;
            if (const auto how = read_index(e.store(), one.from.archive, index); how)
                ++read;
            else
                e.log().write(log_level::warn, "index not read: " + how.error().message());
        }
    }
    ++e.parts().generation;
    tell({"reading indices", states.size(), states.size()});
    return read;
}

}  // namespace larder::net::maintenance
