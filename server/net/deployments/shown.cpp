#include "deployments/shown.hpp"
#include "maintenance/restore.hpp"
#include "own_key.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net::pinning {
namespace {

/// As a Release file has it, in English whatever the locale.
std::string release_date(sys_seconds when) {
    auto text = format_http_date(when);
    return text.replace(text.size() - 3, 3, "UTC");
}

std::string_view without_blanks(std::string_view line) {
    const auto end = line.find_last_not_of(" \t\r");
    return end == std::string_view::npos ? std::string_view{} : line.substr(0, end + 1);
}

/// A state is taken, and shown, with a Date so far ahead at most.
constexpr auto most_future = std::chrono::seconds{10};

/// Whether a state can be shown again as it was.
bool is_whole(const store::object_store& objects, const digest& id) {
    maintenance::state_ref ref;
    ref.value = id.hex();
    return load_state(objects, id) && maintenance::troubles_of(objects, ref).none();
}

result<stored_file> put(store::object_store& objects, std::string_view bytes, sys_seconds modified,
                        std::optional<store::provenance> from = {}) {
    LARDER_TRY(const auto content, objects.put(bytes, modified, std::move(from)));
    return stored_file{content, bytes.size()};
}

result<digest> sign_anew(engine& e, const suite_state& of, sys_seconds date, cut& what) {
    LARDER_TRY(const auto text, e.store().objects().read(of.manifest().text.content));
    const auto& archive = of.manifest().archive;
    return sign_state(e, of, redated(text, date, snapshots_of(e, archive)), date, what);
}

}  // namespace

result<sys_seconds> latest_shown(engine& e, const deployments::registry& registry,
                                 const deployments::generation& before, const deployments::pin& of) {
    sys_seconds latest{}, until = e.clock().now();
    std::vector<digest> seen;
    const auto look_at = [&](std::uint64_t number) -> result<void> {
        LARDER_TRY(const auto one, registry.load(before.deployment, number));
        until = std::min(until, one.made + most_future);
        const auto* pin = one.find(of.archive, of.suite);
        if (pin == nullptr || std::find(seen.begin(), seen.end(), pin->state()) != seen.end()) return {};
        seen.push_back(pin->state());
        LARDER_TRY(const auto state, load_state(e.store().objects(), pin->state()));
        latest = std::max(latest, state->release().date);
        return {};
    };
    for (auto number = before.number; number > 0; --number) {
        const auto looked = look_at(number);
        if (looked) continue;
        if (!maintenance::is_about_bytes(looked.error())) return looked.error();
        latest = std::max(latest, until);
    }
    return latest;
}

std::string snapshots_of(engine& e, const std::string& archive) {
    auto base = e.routes()->options.server.public_url;
    while (base.ends_with('/')) base.pop_back();
    return base.empty() ? base : base + "/snapshot/" + archive + "/@SNAPSHOTID@/";
}

result<digest> sign_state(engine& e, const suite_state& of, std::string_view text, sys_seconds date, cut& what) {
    auto& objects = e.store().objects();
    LARDER_TRY(const auto key, e.key().get());
    LARDER_TRY(const auto in_release, key->clear_signed(text));
    state_manifest manifest;
    manifest.archive = of.manifest().archive;
    manifest.suite = of.manifest().suite;
    manifest.date = date;
    manifest.signers = {key->fingerprint()};
    LARDER_TRY(manifest.text, put(objects, text, date));
    const suite in{manifest.suite};
    store::provenance origin{store::arrival::made,
                             e.clock().now(),
                             manifest.archive,
                             in.file("InRelease"),
                             {"signed by " + key->fingerprint()},
                             of.id()};
    LARDER_TRY(manifest.in_release, put(objects, in_release, date, std::move(origin)));
    LARDER_TRY(const auto id, objects.put(manifest.write(), date));
    what.objects.insert(what.objects.end(), {manifest.text.content, manifest.in_release->content, id});
    return id;
}

bool shows_all(engine& e, const deployments::generation& g) {
    return std::all_of(g.pins.begin(), g.pins.end(), [&e](const deployments::pin& pin) {
        return !pin.shown || is_whole(e.store().objects(), *pin.shown);
    });
}

std::string redated(std::string_view release, sys_seconds date, std::string_view snapshots) {
    std::string out;
    bool dropped = false;
    for (auto line : split(release, '\n')) {
        line = without_blanks(line);
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        if (!folded) dropped = false;
        const auto name = folded ? std::string_view{} : line.substr(0, line.find(':'));
        if (iequals(name, "Valid-Until") || iequals(name, "Signed-By")) dropped = true;
        if (!snapshots.empty() && iequals(name, "Snapshots")) dropped = true;
        if (dropped) continue;
        if (iequals(name, "Date"))
            out += "Date: " + release_date(date) + (snapshots.empty() ? "" : "\nSnapshots: ") + std::string{snapshots};
        else
            out += line;
        out += '\n';
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
}

std::string_view snapshots_in(std::string_view release) {
    constexpr std::string_view field = "\nSnapshots:";
    const auto at = release.find(field);
    if (at == std::string_view::npos) return {};
    const auto value = release.substr(at + field.size());
    return trim(value.substr(0, value.find('\n')));
}

bool is_redated(std::string_view shown, std::string_view release, sys_seconds date) {
    return redated(release, date) == shown || redated(release, date, snapshots_in(shown)) == shown;
}

result<void> make_followable(engine& e, const deployments::registry& registry, const deployments::generation& before,
                             deployments::generation& next, cut& what) {
    for (auto& pin : next.pins) {
        const auto* was = before.find(pin.archive, pin.suite);
        if (was != nullptr && was->snapshot == pin.snapshot && was->overlay == pin.overlay &&
            (!was->shown || is_whole(e.store().objects(), *was->shown))) {
            pin = *was;
            continue;
        }
        pin.shown.reset();
        LARDER_TRY(const auto state, load_state(e.store().objects(), pin.listed()));
        LARDER_TRY(const auto latest, latest_shown(e, registry, before, pin));
        if (state->release().date > latest) continue;
        // apt takes a Date up to ten seconds ahead of its own clock; one that was shown is not.
        const auto date = std::max(e.clock().now(), latest + std::chrono::seconds{1});
        auto shown = sign_anew(e, *state, date, what);
        if (!shown) return shown.error().in(pin.archive + "/" + pin.suite);
        pin.shown = *shown;
    }
    return {};
}

}  // namespace larder::net::pinning
