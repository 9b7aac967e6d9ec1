#include "pockets/installable.hpp"
#include "deployments/cut.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/qa/installability.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

/// So many are kept, of all pockets and architectures.
constexpr std::size_t most_worlds = 4;

/// The base's suite as it is now.
result<digest> state_of_base(engine& e, const std::string& base) {
    const auto slash = base.find('/');
    const suite in{base.substr(slash + 1)};
    LARDER_TRY(const auto ref, e.store().refs().get(in.ref(base.substr(0, slash))));
    if (!ref)
        return error{errc::absent, "the base " + base + " has no state here: larder archive update " +
                                       base.substr(0, slash) + " brings it"};
    return digest::from_hex(ref->value);
}

/// Reads the base's packages for an architecture into the universe.
result<std::vector<qa::package_id>> read_base(engine& e, const std::string& base, const suite_state& state,
                                              const std::string& architecture, qa::universe& into) {
    std::vector<qa::package_id> all;
    const suite in{base.substr(base.find('/') + 1)};
    LARDER_TRY(const auto indices,
               pinning::package_indices(e.store().objects(), state, in,
                                        pinning::components_of(e, base.substr(0, base.find('/'))), {architecture}));
    for (const auto& [stem, index] : indices) {
        std::unique_ptr<index::byte_source> text;
        if (index.here != nullptr) {
            LARDER_TRY(text, open_index(e.store().objects(), *index.here->sha256, index.here->path));
        } else if (const auto* plain = plain_form(state, stem)) {
            LARDER_TRY(text, open_chunks(e.store(), *plain->sha256));
        } else {
            return error{errc::absent, "the base " + base + ": its " + stem +
                                           " is not here, and could not be had of upstream: the log tells why"};
        }
        LARDER_TRY(const auto read, into.read(*text));
        all.insert(all.end(), read.packages.begin(), read.packages.end());
    }
    return all;
}

/// Whether an index of the base is neither here nor kept as chunks.
result<bool> lacks_index(engine& e, const pinning::suite_choice& base, const suite_state& state,
                         const std::string& architecture) {
    const suite in{base.suite};
    LARDER_TRY(const auto indices, pinning::package_indices(e.store().objects(), state, in,
                                                            pinning::components_of(e, base.archive), {architecture}));
    for (const auto& [stem, index] : indices) {
        if (index.here != nullptr) continue;
        const auto* plain = plain_form(state, stem);
        if (plain == nullptr || !open_chunks(e.store(), *plain->sha256)) return true;
    }
    return false;
}

/// The base alone.
result<std::unique_ptr<installable_world>> make_world(engine& e, const std::string& base, const digest& state,
                                                      const std::string& architecture) {
    LARDER_TRY(const auto there, load_state(e.store().objects(), state));
    auto made = std::make_unique<installable_world>(architecture);
    made->base = state;
    LARDER_TRY(const auto present, read_base(e, base, *there, architecture, made->all));
    made->now = made->now.with({}, present);
    return made;
}

using lists_by_path = std::map<std::string, pockets::placed_list>;

/// Reads the packages of some chunks of an index.
result<std::vector<qa::package_id>> read_chunks(engine& e, const pockets::placed_list& of,
                                                const std::vector<std::size_t>& places, qa::universe& into) {
    std::vector<qa::package_id> all;
    LARDER_CHECK(
        pockets::read_chunks(of, places, opener_of(e), [&](std::size_t, std::string_view text) -> result<void> {
            LARDER_TRY(const auto read, into.read(text));
            all.insert(all.end(), read.packages.begin(), read.packages.end());
            return {};
        }));
    return all;
}

/// Brings a world to what the pocket has now: reads the chunks that it does not have yet, and of those that are gone it
/// knows which packages they had.
result<void> bring_up(engine& e, const lists_by_path& lists, installable_world& world) {
    std::vector<qa::package_id> going, coming;
    std::map<std::string, world_chunks> now;
    for (const auto& [path, of] : lists) {
        auto& before = world.chunks[path];
        auto& after = now[path];
        for (std::size_t place = 0; place < of.list.chunks.size(); ++place) {
            const auto& content = of.list.chunks[place].content;
            if (const auto known = before.find(content); known != before.end()) {
                after.insert(before.extract(known));
                continue;
            }
            LARDER_TRY(auto packages, read_chunks(e, of, {place}, world.all));
            coming.insert(coming.end(), packages.begin(), packages.end());
            after.emplace(content, std::move(packages));
        }
    }
    for (const auto& [path, left] : world.chunks)
        for (const auto& [content, packages] : left) going.insert(going.end(), packages.begin(), packages.end());
    if (!going.empty() || !coming.empty()) world.now = world.now.with(going, coming);
    world.chunks = std::move(now);
    return {};
}

/// What becomes worse for one architecture: a sentence each.
result<std::set<std::string>> troubles_of(const std::string& architecture, installable_world& world,
                                          const stanza_texts& texts) {
    LARDER_TRY(const auto going, world.all.read(texts.going));
    LARDER_TRY(const auto coming, world.all.read(texts.coming));
    const auto after = world.now.with(going.packages, coming.packages);
    std::set<std::string> troubles;
    if (coming.odd != 0) troubles.insert(architecture + ": " + coming.first_odd);
    for (const auto& one : qa::compare(world.now, after))
        if (one.how != qa::worsened::kind::remained)
            troubles.insert(architecture + ": " + to_string(after.explain(one.package)));
    return troubles;
}

/// A universe only grows: one that has seen many changes is made anew.
bool is_outgrown(const installable_world& world) { return world.all.size() > 1000 + 2 * world.now.packages().size(); }

result<std::unique_ptr<installable_world>> world_of(engine& e, const pockets::pocket& target, const digest& base,
                                                    const std::string& architecture, const lists_by_path& lists) {
    auto world = e.remembered().worlds.take(target.name(), architecture);
    if (world == nullptr || world->base != base || is_outgrown(*world)) {
        LARDER_TRY(world, make_world(e, target.base, base, architecture));
    }
    LARDER_CHECK(bring_up(e, lists, *world));
    return world;
}

lists_by_path lists_for(const pockets::pocket& target, const lists_by_path& all, const std::string& architecture) {
    lists_by_path some;
    for (const auto& component : target.components)
        if (const auto found = all.find(index_path(component, architecture)); found != all.end()) some.insert(*found);
    return some;
}

}  // namespace

std::unique_ptr<installable_world> known_worlds::take(const std::string& pocket, const std::string& architecture) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find({pocket, architecture});
    if (found == known_.end()) return nullptr;
    return std::move(known_.extract(found).mapped());
}

void known_worlds::give_back(const std::string& pocket, const std::string& architecture,
                             std::unique_ptr<installable_world> world) {
    world->asked = clock::now();
    const std::lock_guard lock{mutex_};
    known_.insert_or_assign({pocket, architecture}, std::move(world));
    while (known_.size() > most_worlds)
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second->asked < b.second->asked; }));
}

void known_worlds::forget(clock::time_point before) {
    const std::lock_guard lock{mutex_};
    std::erase_if(known_, [&](const auto& one) { return one.second->asked < before; });
}

result<void> bring_base(engine& e, const pockets::pocket& target, const progress_sink& tell,
                        const std::stop_token& stop) {
    if (target.base.empty()) return {};
    LARDER_TRY(auto choice, pinning::parse_choice(target.base));
    const auto from = e.find_archive(choice.archive);
    if (!from || from->options().local) return {};
    LARDER_TRY(const auto id, state_of_base(e, target.base));
    LARDER_TRY(const auto state, load_state(e.store().objects(), id));
    std::vector<std::string> lacking;
    for (const auto& architecture : target.architectures) {
        if (architecture == "source") continue;
        LARDER_TRY(const bool lacks, lacks_index(e, choice, *state, architecture));
        if (lacks) lacking.push_back(architecture);
    }
    if (lacking.empty()) return {};
    choice.when = id.hex();
    LARDER_TRY(const auto brought, pinning::make_cut(e, {choice}, lacking, tell, stop));
    static_cast<void>(brought);
    return {};
}

result<qa::finding> check_installable(engine& e, const pockets::pocket& target, const lists_by_path& lists,
                                      const std::map<std::string, stanza_texts>& by_architecture) {
    const std::string name = "installable";
    if (target.base.empty())
        return qa::finding{name, true, "not asked: the pocket has no base, so nobody knows what there is beside it"};
    LARDER_TRY(const auto base, state_of_base(e, target.base));
    std::set<std::string> troubles;
    for (const auto& [architecture, texts] : by_architecture) {
        const auto own = lists_for(target, lists, architecture);
        LARDER_TRY(auto world, world_of(e, target, base, architecture, own));
        auto found = troubles_of(architecture, *world, texts);
        e.remembered().worlds.give_back(target.name(), architecture, std::move(world));
        if (!found) return found.error().in(target.name() + " for " + architecture);
        troubles.merge(*found);
    }
    return qa::told(name, troubles,
                    "with " + target.base + " everything can be installed that could be, and all that is new");
}

result<void> read_installable(engine& e, const pockets::pocket& target, const lists_by_path& lists) {
    for (const auto& architecture : target.architectures) {
        auto world = e.remembered().worlds.take(target.name(), architecture);
        if (world == nullptr) continue;
        LARDER_CHECK(bring_up(e, lists_for(target, lists, architecture), *world));
        e.remembered().worlds.give_back(target.name(), architecture, std::move(world));
    }
    return {};
}

}  // namespace larder::net::publishing
