#include "why/states.hpp"
#include <algorithm>
#include <larder/index/claims.hpp>
#include <larder/index/package_list.hpp>
#include <map>
#include <set>

namespace larder::net::why {
namespace {

using namespace pinning;

/// The states that generations name, by archive, suite and id.
using uses = std::map<std::tuple<std::string, std::string, digest>, state_here>;

void note_use(uses& all, const deployments::pin& pin, const digest& id, state_here::user user) {
    auto& state = all[{pin.archive, pin.suite, id}];
    state.archive = pin.archive;
    state.suite = pin.suite;
    state.id = id;
    state.shown = state.shown || pin.shown == id || pin.overlay == id;
    state.users.push_back(std::move(user));
}

result<void> note_uses(engine& e, all_states& all, uses& into) {
    const auto registry = registry_of(e);
    LARDER_TRY(const auto refs, e.store().refs().list(deployments::deployment_prefix));
    for (const auto& [ref_name, ref] : refs) {
        const auto name = ref_name.substr(deployments::deployment_prefix.size());
        auto found = registry.find(name);
        if (!found) {
            all.unread.push_back("deployment '" + name + "': " + found.error().detail());
            continue;
        }
        const auto position = all.deployed.size();
        all.deployed.push_back(std::move(*found));
        for (std::uint64_t number = 1; number <= all.deployed.back().head; ++number) {
            const auto id = registry.id_of(name, number);
            // One that was given up has no ref any more.
            if (!id && id.error().code() == errc::absent && number != all.deployed.back().head) continue;
            const auto g = registry.load(name, number);
            if (!g) {
                all.unread.push_back("generation " + std::to_string(number) + " of '" + name +
                                     "': " + g.error().detail());
                continue;
            }
            for (const auto& pin : g->pins) {
                const state_here::user user{position, number, g->architectures};
                note_use(into, pin, pin.snapshot, user);
                if (pin.overlay) note_use(into, pin, *pin.overlay, user);
                if (pin.shown) note_use(into, pin, *pin.shown, user);
            }
        }
    }
    return {};
}

bool is_joined(const std::string& text, std::string_view folder, std::string_view path) {
    return text.size() == folder.size() + path.size() && text.starts_with(folder) && text.ends_with(path);
}

}  // namespace

result<all_states> states_here(engine& e) {
    all_states all;
    uses used;
    LARDER_CHECK(note_uses(e, all, used));
    LARDER_TRY(const auto kept, kept_states(e.store().refs(), {}, {}));
    for (const auto& one : kept) {
        const auto there = used.find({one.archive, one.suite, one.id});
        if (there != used.end()) {
            there->second.current = there->second.current || one.current;
            continue;
        }
        state_here state{one.archive, one.suite, one.id, one.current};
        if (one.current)
            used.emplace(std::tuple{one.archive, one.suite, one.id}, std::move(state));
        else
            all.former.push_back(std::move(state));
    }
    for (auto& [key, state] : used) all.first.push_back(std::move(state));
    // The younger first: they are the likelier ones.
    std::reverse(all.former.begin(), all.former.end());
    return all;
}

bool reader::is_wanted(const digest& content) const {
    return what_.content == content || std::find(wanted_.begin(), wanted_.end(), content) != wanted_.end();
}

bool reader::fits(const index::listed_package& one) const {
    if (one.content == index::no_usable_hash) return false;
    if (what_.package.empty()) return is_wanted(one.content);
    return one.name == what_.package && (what_.version.empty() || one.version == what_.version) &&
           (what_.architecture.empty() || one.architecture == what_.architecture);
}

/// Spares unpacking nearly all of the chunks: a name is looked for between the lowest and the highest of a chunk, a
/// hash in its bytes.
bool reader::may_fit(std::string_view packed) const {
    if (!what_.package.empty()) {
        const auto range = index::names_in(packed);
        return !range || (range->first <= what_.package && what_.package <= range->last);
    }
    const auto has = [&](const digest& one) { return packed.find(one.as_bytes()) != std::string_view::npos; };
    return (what_.content && has(*what_.content)) || std::any_of(wanted_.begin(), wanted_.end(), has);
}

result<reader::packages> reader::fitting_in(const digest& chunk) {
    if (const auto known = chunks_.find(chunk); known != chunks_.end()) return known->second;
    auto fitting = std::make_shared<std::vector<index::listed_package>>();
    LARDER_CHECK(e_.store().lists().read({chunk}, [&](std::string_view packed) -> result<void> {
        if (!may_fit(packed)) return {};
        return index::unpack(packed, [&](const index::listed_package& one) {
            if (fits(one)) fitting->push_back(one);
        });
    }));
    // Most have nothing, and share that.
    static const packages nothing = std::make_shared<const std::vector<index::listed_package>>();
    packages made = fitting->empty() ? nothing : packages{fitting};
    chunks_.emplace(chunk, made);
    return made;
}

result<void> reader::look_at_list(const std::vector<digest>& chunks, const std::string& stem,
                                  std::vector<naming>& found) {
    for (const auto& chunk : chunks) {
        LARDER_TRY(const auto fitting, fitting_in(chunk));
        for (const auto& one : *fitting)
            found.push_back({one.content, stem, one.size, one.path, one.name, one.version, one.architecture});
    }
    return {};
}

result<void> reader::look_at_lists(const state_here& in, const suite_state& state, std::vector<naming>& found,
                                   std::vector<std::string>& unread) {
    // What it has, whatever it says that it has.
    std::set<std::string> all;
    for (const auto& file : state.release().files) all.insert(architecture_of(file.path));
    const std::vector<std::string> architectures{all.begin(), all.end()};
    const suite of{in.suite};
    LARDER_TRY(const auto indices, package_indices(e_.store().objects(), state, of, {}, architectures));
    for (const auto& [stem, index] : indices) {
        // Of architectures that nobody asks for no index is here, and none is missed.
        auto chunks = list_of(e_.store(), index);
        if (chunks && !*chunks) continue;
        auto how = chunks ? look_at_list(**chunks, stem, found) : result<void>{chunks.error()};
        if (!how && list_is_broken(how.error())) {
            chunks = list_of(e_.store(), index, lists::made_anew);
            if (chunks && *chunks) how = look_at_list(**chunks, stem, found);
        }
        if (!how) unread.push_back(in.archive + "/" + in.suite + " " + stem + ": " + how.error().detail());
    }
    return {};
}

/// The state's own files, and those that its Release names.
void reader::look_at_files(const state_here& in, const suite_state& state, std::vector<naming>& found) const {
    const suite of{in.suite};
    const auto& manifest = state.manifest();
    const auto take = [&](const digest& content, std::uint64_t size, const std::string& by, const std::string& path) {
        if (is_wanted(content) || (!path.empty() && (path == what_.path || in.archive + "/" + path == what_.path)))
            found.push_back({content, by, size, path, {}, {}, {}});
    };
    if (is_wanted(in.id)) found.push_back({in.id, {}, {}, {}, {}, {}, {}});
    const auto own = [&](const std::optional<stored_file>& file, const char* name) {
        if (file) take(file->content, file->size, name, of.file(name));
    };
    own(manifest.in_release, "InRelease");
    own(manifest.release, "Release");
    own(manifest.release_gpg, "Release.gpg");
    if (is_wanted(manifest.text.content) && (found.empty() || found.back().content != manifest.text.content))
        found.push_back({manifest.text.content,
                         manifest.in_release ? "InRelease" : "Release",
                         manifest.text.size,
                         of.file(manifest.in_release ? "InRelease" : "Release"),
                         {},
                         {},
                         {}});
    if (const auto beside = maintenance::companions_of(e_.store().known(), in.id))
        for (const auto& [name, content] : *beside) {
            const auto info = e_.store().objects().find(content);
            take(content, info && *info ? (*info)->size : 0, name, of.file(name));
        }
    const auto folder = of.file("");
    for (const auto& file : state.release().files) {
        const auto content = maintenance::content_of(e_.store().known(), file);
        if (!content) continue;
        if (is_wanted(*content) || is_joined(what_.path, folder, file.path) ||
            is_joined(what_.path, in.archive + "/" + folder, file.path))
            found.push_back({*content, "Release", file.size, folder + file.path, {}, {}, {}});
    }
}

result<std::vector<naming>> reader::look_into(const state_here& in, suite_state_ptr& state,
                                              std::vector<std::string>& unread) {
    std::vector<naming> found;
    auto loaded = load_state(e_.store().objects(), in.id);
    if (!loaded) {
        unread.push_back(in.archive + "/" + in.suite + ", snapshot " + in.id.hex().substr(0, 12) + ": " +
                         loaded.error().detail());
        return found;
    }
    state = *loaded;
    if (what_.package.empty()) look_at_files(in, *state, found);
    LARDER_CHECK(look_at_lists(in, *state, found, unread));
    return found;
}

}  // namespace larder::net::why
