#include "maintenance/kept.hpp"
#include "deployments/shown.hpp"
#include "deployments/units.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>
#include <charconv>
#include <larder/base/text.hpp>
#include <larder/pockets/registry.hpp>
#include <mutex>
#include <set>

// What deployments keep, and what is wrong with it, by the names that people know.

namespace larder::net::maintenance {
namespace {

using deployments::deployment_prefix;
using deployments::generation_prefix;
using deployments::journal_prefix;
using pinning::unit_prefix;

struct generation_name {
    std::string deployment;
    std::uint64_t number = 0;
};

/// "generation/web/0000000003"
std::optional<generation_name> parse_generation_ref(std::string_view ref) {
    auto rest = ref.substr(generation_prefix.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return {};
    generation_name made{std::string{rest.substr(0, slash)}, 0};
    rest.remove_prefix(slash + 1);
    const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), made.number);
    if (ec != std::errc{} || end != rest.data() + rest.size() || made.number == 0) return {};
    return made;
}

void add_pins(kept_things& all, const std::string& ref, const deployments::generation& g) {
    for (const auto& pin : g.pins) {
        const auto state = [&](const digest& id) {
            state_ref made;
            made.ref = ref;
            made.archive = pin.archive;
            made.suite = pin.suite;
            made.value = id.hex();
            return made;
        };
        all.pins.push_back({g.deployment, g.number, state(pin.snapshot), {}});
        if (pin.overlay) all.pins.push_back({g.deployment, g.number, state(*pin.overlay), {}, pin.snapshot});
        if (pin.shown) all.pins.push_back({g.deployment, g.number, state(*pin.shown), pin.listed()});
    }
}

/// How an object is that could not be read, as the end of a sentence.
std::string condition_of(const error& why) {
    switch (why.code()) {
        case errc::absent: return "is not here";
        case errc::digest_mismatch: return "is damaged";
        case errc::malformed:
        case errc::too_large: return "cannot be understood: " + why.detail();
        case errc::unsupported: return "is of another Larder: " + why.detail();
        default: return "cannot be read now: " + why.detail();
    }
}

std::string place_of(const digest& d) { return "objects/" + d.hex().substr(0, 2) + "/" + d.hex().substr(2); }

/// What brings an object back that nobody can fetch.
std::string remedy(const std::optional<digest>& object, const error& why) {
    if (!object) return "a backup of the store's database has it";
    if (why.code() == errc::unsupported) return "use the Larder that made it";
    if (!is_about_bytes(why)) return "see to it that the server can read " + place_of(*object);
    return "a copy from a backup of the store, put back as " + place_of(*object) + ", brings it back";
}

/// What is wrong with a state, and with which of its objects; nothing when it is whole.
struct state_trouble {
    digest content;
    error why;
    bool keeps_gc = false;  ///< gc cannot tell what it reaches
};

class state_checker {
public:
    explicit state_checker(const store::object_store& objects) : objects_{objects} {}

    const std::optional<state_trouble>& look(const pinned_state& at) {
        const auto known = known_.find(at.state.value);
        if (known != known_.end()) return known->second;
        return known_[at.state.value] = find_out(at.state);
    }

private:
    std::optional<state_trouble> find_out(const state_ref& at) const {
        const auto id = digest::from_hex(at.value).value();
        const auto state = load_state(objects_, id);
        const auto troubles = troubles_of(objects_, at);
        // What may be whole comes first: nobody gives that up.
        if (!troubles.unreadable.empty())
            return state_trouble{troubles.unreadable.front().first, troubles.unreadable.front().second, !state};
        for (const auto& d : troubles.missing) {
            const auto bytes = objects_.read(d, index::max_release_size);
            return state_trouble{d, bytes ? error{errc::malformed, "it is no manifest"} : bytes.error(), !state};
        }
        if (!state) return state_trouble{id, state.error(), true};
        return {};
    }

    const store::object_store& objects_;
    std::map<std::string, std::optional<state_trouble>> known_;
};

std::string name_of(const std::string& deployment, std::uint64_t number) {
    return "generation " + std::to_string(number) + " of '" + deployment + "'";
}

/// A generation, and the first thing that is wrong with it.
struct looked_at {
    std::string ref;
    std::uint64_t version = 0;
    generation_name name;
    std::optional<digest> object;
    std::optional<error> unread;  ///< why its manifest could not be read
    std::vector<std::pair<pinned_state, state_trouble>> broken;
    std::set<digest> composed{};  ///< of the states that it pins those that were composed here

    bool whole() const { return !unread && broken.empty(); }
    /// And not only out of reach for now.
    bool lost() const {
        if (unread) return is_about_bytes(*unread);
        return !broken.empty() && std::all_of(broken.begin(), broken.end(),
                                              [](const auto& one) { return is_about_bytes(one.second.why); });
    }
};

/// All generations there are, in the order of their refs.
result<std::vector<looked_at>> look_at_generations(store::store& s, const std::stop_token& stop) {
    const deployments::registry registry{s.objects(), s.refs()};
    state_checker states{s.objects()};
    std::vector<looked_at> all;
    LARDER_TRY(const auto refs, s.refs().list(generation_prefix));
    for (const auto& [ref_name, ref] : refs) {
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        const auto name = parse_generation_ref(ref_name);
        if (!name) continue;
        looked_at one{ref_name, ref.version, *name, {}, {}, {}};
        if (const auto id = digest::from_hex(ref.value)) one.object = *id;
        const auto g = registry.load(name->deployment, name->number);
        if (!g) {
            one.unread = g.error();
        } else {
            kept_things pinned;
            add_pins(pinned, ref_name, *g);
            for (const auto& pin : g->pins)
                if (pin.overlay) one.composed.insert(*pin.overlay);
            for (auto& pin : pinned.pins)
                if (const auto& trouble = states.look(pin)) one.broken.emplace_back(std::move(pin), *trouble);
        }
        all.push_back(std::move(one));
    }
    return all;
}

class deployment_check {
public:
    deployment_check(engine& e, std::stop_token stop) : s_{e.store()}, stop_{std::move(stop)} {}

    result<std::vector<deployment_trouble>> run() {
        LARDER_TRY(generations_, look_at_generations(s_, stop_));
        LARDER_CHECK(look_at_deployments());
        for (const auto& one : generations_) tell_of(one);
        LARDER_CHECK(look_at_units());
        LARDER_CHECK(look_at_journal());
        return std::move(all_);
    }

private:
    result<void> look_at_deployments() {
        std::map<std::string, bool> named;  // and whether a ref of its own is here
        for (const auto& one : generations_) named[one.name.deployment] = false;
        LARDER_TRY(const auto refs, s_.refs().list(deployment_prefix));
        for (const auto& [ref_name, ref] : refs) {
            const auto name = ref_name.substr(deployment_prefix.size());
            named[name] = true;
            const auto d = deployments::deployment::read(ref.value);
            if (!d) {
                all_.push_back({name,
                                0,
                                ref_name,
                                {},
                                "deployment '" + name + "' cannot be read: " + d.error().detail(),
                                "none of it is served or can be changed",
                                remedy({}, d.error())});
                continue;
            }
            heads_[name] = d->head;
            const auto has_head = std::any_of(generations_.begin(), generations_.end(), [&](const looked_at& one) {
                return one.name.deployment == name && one.name.number == d->head;
            });
            if (!has_head)
                all_.push_back({name, d->head, deployments::ref_of(name, d->head), d->generation,
                                name_of(name, d->head) + ": its ref is not here, though it is in force",
                                "'" + name + "' is not served", way_on(name, d->head, {})});
        }
        for (const auto& [name, has_ref] : named)
            if (!has_ref)
                all_.push_back({name,
                                0,
                                deployments::ref_of(name),
                                {},
                                "deployment '" + name + "': its generations are here, and its own ref is not",
                                "none of it is served",
                                remedy({}, error{})});
        return {};
    }

    bool in_force(const generation_name& of) const {
        const auto head = heads_.find(of.deployment);
        return head != heads_.end() && head->second == of.number;
    }

    /// What else there is to do than to bring back what is lost.
    std::string way_on(const std::string& name, std::uint64_t number, const std::string& again) const {
        if (!in_force({name, number})) return "larder doctor --give-up forgets " + name_of(name, number) + " for good";
        if (!again.empty()) return again;
        std::uint64_t last = 0;
        for (const auto& one : generations_)
            if (one.name.deployment == name && one.name.number < number && one.whole())
                last = std::max(last, one.name.number);
        if (last == 0) return "larder deployment create makes another deployment of its suites";
        return "larder deployment rollback " + name + " --to " + std::to_string(last) +
               " makes a generation of the last whole one";
    }

    static std::string advice(const std::optional<digest>& object, const error& why, const std::string& else_) {
        return remedy(object, why) + (is_about_bytes(why) ? "; else " + else_ : std::string{});
    }

    void tell_of(const looked_at& one) {
        const auto& [name, number] = one.name;
        const auto which = name_of(name, number);
        if (one.unread) {
            auto follows = which + " cannot be served";
            if (in_force(one.name)) follows += ", nor '" + name + "' itself, nor can it be upgraded";
            all_.push_back({name, number, one.ref, one.object, which + ": its manifest " + condition_of(*one.unread),
                            follows + "; and gc removes nothing, for it cannot tell what is to be kept for it",
                            advice(one.object, *one.unread, way_on(name, number, {}))});
            return;
        }
        for (const auto& [pin, trouble] : one.broken) tell_of(one, pin, trouble);
    }

    void tell_of(const looked_at& of, const pinned_state& pin, const state_trouble& trouble) {
        const auto& [name, number] = of.name;
        const auto which = name_of(name, number);
        const auto suite_name = pin.state.archive + "/" + pin.state.suite;
        const bool in_place = pin.instead.has_value(), now = in_force(of.name);
        std::string follows = which + " cannot be served";
        const auto whose = in_place   ? " that is shown in place of snapshot " + pin.instead->hex()
                           : pin.base ? " that was composed of snapshot " + pin.base->hex() + " and picked packages"
                                      : ", snapshot " + pin.state.value + ",";
        if (in_place)
            follows = now ? "'" + name + "' cannot be served" : which + " cannot be gone back to as it was shown";
        else if (now)
            follows += ", nor can '" + name + "' as " + (pin.base ? "it was made" : "its archive published it");
        if (trouble.keeps_gc) follows += "; and gc removes nothing, for it cannot tell what is to be kept for it";
        const bool only_shown = in_place && std::none_of(of.broken.begin(), of.broken.end(),
                                                         [](const auto& other) { return !other.first.instead; });
        std::string again;
        if (only_shown && is_snapshot(of, *pin.instead))
            again = "larder deployment upgrade " + name + " --suite " + suite_name + "@" + pin.instead->hex() +
                    " shows it anew";
        all_.push_back({name, number, of.ref, trouble.content,
                        which + ": the state of " + suite_name + whose + " is not whole: its object " +
                            trouble.content.hex() + " " + condition_of(trouble.why),
                        follows, advice(trouble.content, trouble.why, way_on(name, number, again))});
    }

    /// Of what was composed no new one can be made by naming the snapshot.
    static bool is_snapshot(const looked_at& of, const digest& id) { return !of.composed.contains(id); }

    result<void> look_at_units() {
        LARDER_TRY(const auto refs, s_.refs().list(unit_prefix));
        std::map<digest, std::optional<error>> known;
        for (const auto& [ref_name, ref] : refs) {
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
            const auto parts = split(ref_name, '/');
            if (parts.size() != 3) continue;
            const std::string name{parts[1]}, unit{parts[2]};
            const auto report = pinning::report_in(ref.value);
            std::optional<error> why;
            if (!report) {
                why = report.error();
            } else {
                const auto [at, is_new] = known.try_emplace(*report);
                if (is_new) at->second = trouble_of_report(*report);
                why = at->second;
            }
            if (!why) continue;
            all_.push_back({name, 0, ref_name, report ? std::optional{*report} : std::nullopt,
                            "unit '" + unit + "' of '" + name + "': its report " + condition_of(*why),
                            "larder deployment units and admit of '" + name + "' fail",
                            "run /etc/apt/larder-report on that machine; or, if it is no more, larder deployment "
                            "forget-unit " +
                                name + " " + unit});
        }
        return {};
    }

    std::optional<error> trouble_of_report(const digest& report) const {
        const auto text = s_.objects().read(report, pinning::most_report);
        if (!text) return text.error();
        const auto packages = deployments::parse_report(*text);
        return packages ? std::nullopt : std::optional{packages.error()};
    }

    result<void> look_at_journal() {
        LARDER_TRY(const auto refs, s_.refs().list(journal_prefix));
        const auto before = all_.size();
        for (const auto& [ref_name, ref] : refs) {
            const auto id = digest::from_hex(ref.value);
            const auto text = id ? s_.objects().read(*id, 1 << 20) : result<std::string>{id.error()};
            const auto entry =
                text ? deployments::journal_entry::read(*text) : result<deployments::journal_entry>{text.error()};
            if (entry) continue;
            const auto object = id ? std::optional{*id} : std::nullopt;
            all_.push_back(
                {"", 0, ref_name, object,
                 "entry " + ref_name.substr(journal_prefix.size()) + " of the journal " + condition_of(entry.error()),
                 "larder audit verify ends with 3, and audit list shows only what came after it (--last)",
                 remedy(object, entry.error()) +
                     "; the server's own log may have what it said (journalctl -u larder)"});
        }
        const deployments::journal journal{s_.objects(), s_.refs()};
        if (all_.size() == before)
            if (const auto whole = journal.verify(); !whole)
                all_.push_back({"",
                                0,
                                std::string{journal_prefix},
                                {},
                                whole.error().detail(),
                                "the journal is no proof of what was done before",
                                "find out who has changed the store; a backup of it has the journal as it was"});
        // What a journal that is not whole says of the fetch log is no proof either.
        std::vector<store::fetch_mark> marks;
        if (all_.size() == before) {
            LARDER_TRY(marks, journal.marks());
        }
        return look_at_fetches(std::move(marks));
    }

    result<void> look_at_fetches(std::vector<store::fetch_mark> marks) {
        const auto whole = s_.fetches().verify(std::move(marks));
        if (whole) return {};
        if (whole.error().code() != errc::digest_mismatch) return whole.error();
        all_.push_back({"",
                        0,
                        "",
                        {},
                        whole.error().detail(),
                        "larder why may tell what was not so, and larder audit verify ends with 3",
                        "find out who has changed the store; a backup of its database has the log as it was"});
        return {};
    }

    store::store& s_;
    const std::stop_token stop_;
    std::vector<looked_at> generations_;
    std::map<std::string, std::uint64_t> heads_;
    std::vector<deployment_trouble> all_;
};

}  // namespace

bool kept_things::may_pin(std::string_view state) const {
    return !unknown.empty() ||
           std::any_of(pins.begin(), pins.end(), [&](const pinned_state& one) { return one.state.value == state; });
}

namespace {

/// What is in the pools of the archives that are published here: nobody else has it.
result<void> add_published(kept_things& all, store::store& s) {
    LARDER_TRY(const auto archives, s.refs().list(pockets::archive_prefix));
    for (const auto& [ref_name, ref] : archives) {
        const auto archive = ref_name.substr(pockets::archive_prefix.size());
        LARDER_CHECK(s.holds().each(pockets::holder_of(archive), [&](std::string_view, const store::held_object& one) {
            all.objects.emplace_back(one.content, ref_name);
        }));
    }
    return {};
}

}  // namespace

result<kept_things> look_at_kept(store::store& s) {
    kept_things all;
    for (const auto prefix : {generation_prefix, journal_prefix, unit_prefix}) {
        LARDER_TRY(const auto refs, s.refs().list(prefix));
        for (const auto& [name, ref] : refs) {
            const auto id = prefix == unit_prefix ? pinning::report_in(ref.value) : digest::from_hex(ref.value);
            if (id) all.objects.emplace_back(*id, name);
            if (prefix != generation_prefix) continue;
            const auto text = id ? s.objects().read(*id, 1 << 20) : result<std::string>{id.error()};
            const auto g = text ? deployments::generation::read(*text) : result<deployments::generation>{text.error()};
            if (g)
                add_pins(all, name, *g);
            else
                all.unknown.push_back(name);
        }
    }
    LARDER_CHECK(add_published(all, s));
    return all;
}

result<void> restore_shown(store::store& s, const pinned_state& of) {
    const auto manifest_of = [&s](const digest& id) -> result<state_manifest> {
        LARDER_TRY(const auto text, s.objects().read(id, 1 << 20));
        return state_manifest::read(text);
    };
    LARDER_TRY(const auto id, digest::from_hex(of.state.value));
    const auto manifest = manifest_of(id);
    if (!manifest) return manifest.error();
    LARDER_TRY(const auto origin, manifest_of(*of.instead));
    LARDER_TRY(const auto text, s.objects().read(origin.text.content, index::max_release_size));
    auto fresh = pinning::redated(text, manifest->date);
    if (const auto seen = s.objects().read(manifest->in_release->content, index::max_release_size);
        seen && sha256(fresh) != manifest->text.content)
        fresh = pinning::redated(text, manifest->date, pinning::snapshots_in(*seen));
    if (sha256(fresh) != manifest->text.content)
        return error{errc::absent, "its text cannot be made again from that of its snapshot"};
    LARDER_TRY(const auto content, s.objects().put(fresh, manifest->date));
    static_cast<void>(content);
    if (!s.objects().read(manifest->in_release->content, index::max_release_size))
        return error{errc::absent, "the signature that its machines have seen cannot be made again"};
    return {};
}

result<std::vector<deployment_trouble>> troubles_of_deployments(engine& e, const std::stop_token& stop) {
    return deployment_check{e, stop}.run();
}

result<std::vector<std::string>> give_up_generations(engine& e) {
    auto& s = e.store();
    std::vector<std::string> done;
    LARDER_TRY(const auto all, look_at_generations(s, {}));
    for (const auto& one : all) {
        const auto d = deployments::registry{s.objects(), s.refs()}.find(one.name.deployment);
        if (!d || d->head == one.name.number || !one.lost()) continue;
        {
            const std::lock_guard lock{e.parts().refs_mutex};
            ++e.parts().refs_changed;
            ++e.parts().generation;
            LARDER_CHECK(s.refs().change({{one.ref, one.version, std::nullopt}}));
        }
        const auto& why = one.unread ? *one.unread : one.broken.front().second.why;
        const auto what = one.unread ? std::string{"its manifest "} : "a state that it pins ";
        done.push_back(one.ref + ": forgotten");
        LARDER_CHECK(record(e, {0,
                                {},
                                e.clock().now(),
                                "generation-given-up",
                                one.name.deployment + "@" + std::to_string(one.name.number),
                                "larder doctor",
                                what + condition_of(why)}));
    }
    return done;
}

}  // namespace larder::net::maintenance
