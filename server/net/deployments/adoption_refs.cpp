#include "deployments/adoption.hpp"
#include "deployments/cut.hpp"
#include "deployments/units.hpp"
#include <larder/deployments/following.hpp>
#include <larder/deployments/unit_report.hpp>

// A deployment from elsewhere, verified, becomes visible: in one transaction, and what belongs beside it.

namespace larder::net::pinning {

namespace {

/// What a ref's value may have, and a little less.
constexpr std::size_t most_keys = 60'000;

}  // namespace

/// The one visible step.
result<void> adoption::write_refs() {
    LARDER_TRY(auto more, history_refs());
    LARDER_CHECK(add_units(more));
    LARDER_CHECK(add_keys(more));
    more.insert(more.end(), terms_.also.begin(), terms_.also.end());
    cut all;
    all.objects.assign(listed_.begin(), listed_.end());
    LARDER_TRY(report_.deployment, pin_together(e_, all, [&] { return adopt(std::move(more)); }));
    for (const auto& one : list_.objects) e_.held().keep(one.content);
    LARDER_CHECK(keep_companions());
    if (report_.generations == 0 && terms_.tell == journal_of::what_is_new) return {};
    return record(e_, {0,
                       {},
                       e_.clock().now(),
                       "deployment-" + terms_.what,
                       head_.deployment + "@" + std::to_string(report_.deployment.head),
                       terms_.who.by,
                       terms_.who.reason});
}

/// With refs_mutex held. What an interruption leaves between the two holds nothing (maintenance::reachable).
result<deployments::deployment> adoption::adopt(std::vector<store::ref_change> more) {
    deployments::deployment d;
    d.name = head_.deployment;
    d.hold = head_.hold;
    d.token = head_.token;
    d.on_first_use = head_.on_first_use;
    const auto there = registry_of(e_).find(head_.deployment);
    // Left by another of that name that came to nothing.
    if (!there && there.error().code() == errc::absent) LARDER_CHECK(e_.store().holds().drop(head_.deployment));
    LARDER_CHECK(e_.store().holds().add(head_.deployment, holds_));
    LARDER_TRY(const auto adopted, registry_of(e_).adopt(d, list_.generations, std::move(more), terms_.settings));
    report_.generations = adopted.added;
    return adopted.now;
}

/// So that the states are listed, and served as snapshots, as if they had come from upstream. Not those that only
/// whoever made it vouches for.
result<std::vector<store::ref_change>> adoption::history_refs() {
    std::map<std::string, std::string> planned;
    for (const auto& [id, pin] : pinned_) {
        if (vouched_.contains(id)) continue;
        LARDER_TRY(const auto state, load_state(e_.store().objects(), id));
        auto name = suite{pin.suite}.history_prefix(pin.archive) + format_timestamp(state->release().date);
        LARDER_TRY(auto past, e_.store().refs().get(name));
        const auto here = planned.find(name);
        if ((past && past->value != id.hex()) || (here != planned.end() && here->second != id.hex())) {
            name += "." + id.hex().substr(0, 8);
            LARDER_TRY(past, e_.store().refs().get(name));
        }
        if (!past) planned.emplace(name, id.hex());
    }
    std::vector<store::ref_change> all;
    for (const auto& [name, id] : planned) all.push_back({name, 0, id});
    return all;
}

result<void> adoption::add_units(std::vector<store::ref_change>& to) {
    for (const auto& one : list_.units) {
        LARDER_TRY(const auto text, e_.store().objects().read(one.report, 16 << 20));
        if (const auto fine = deployments::parse_report(text); !fine)
            return fine.error().in("the report of unit '" + one.name + "'");
        LARDER_TRY(auto change, note_of_unit(e_, head_.deployment, {one.name, one.reported, one.report, 0, {}, {}}));
        if (change) to.push_back(std::move(*change));
    }
    return {};
}

/// What was shown in a state's place is signed with the other's key: machines that are set up here need it.
result<void> adoption::add_keys(std::vector<store::ref_change>& to) {
    if (terms_.keyrings.empty()) return {};
    const auto name = deployments::keys_ref(head_.deployment);
    LARDER_TRY(const auto known, e_.store().refs().get(name));
    auto all = terms_.keyrings;
    if (known) all.insert(all.begin(), known->value);
    LARDER_TRY(const auto keys, signing::verifier::open(all));
    LARDER_TRY(auto text, keys->armoured());
    if (text.size() > most_keys)
        return error{errc::too_large, "the keys by which " + terms_.source +
                                          " is known are too many to be kept with it; name just that of its maker"};
    if (!known || known->value != text) to.push_back({name, known ? known->version : 0, std::move(text)});
    return {};
}

/// Release and Release.gpg beside an InRelease, where they are signed as it is; what is known of them stays.
result<void> adoption::keep_companions() {
    std::map<digest, std::map<std::string, digest>> all;
    for (const auto& one : list_.companions) all[one.state][one.name] = one.content;
    for (const auto& [state, files] : all) {
        const auto pin = pinned_.find(state);
        if (pin == pinned_.end() || files.size() != 2) continue;
        auto& objects = e_.store().objects();
        LARDER_TRY(const auto release, objects.read(files.at("Release")));
        LARDER_TRY(const auto signature, objects.read(files.at("Release.gpg")));
        LARDER_TRY(const auto of, load_state(objects, state));
        const auto text = archives_[pin->second.archive]->keys().detached(release, signature);
        const auto parsed = text ? index::parse_release(*text) : text.error();
        if (!parsed || parsed->date != of->release().date) continue;
        for (const auto& [name, content] : files) {
            const auto note = "companion/" + state.hex() + "/" + name;
            LARDER_TRY(const auto known, e_.store().known().get_note(note));
            if (!known) LARDER_CHECK(e_.store().known().put_note(note, content.hex()));
        }
    }
    return {};
}

}  // namespace larder::net::pinning
