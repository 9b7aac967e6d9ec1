#include "maintenance/known_states.hpp"
#include "archive_paths.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include "kept_chunks.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/net/deployments.hpp>
#include <larder/pockets/registry.hpp>
#include <set>

namespace larder::net::maintenance {
namespace {

constexpr std::string_view current_prefix = "archive/";
constexpr std::string_view history_prefix = "history/";

bool listed(const std::vector<std::string>& list, std::string_view item) {
    return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

bool takes(const index_filter& filter, const index::release_file& file, index::index_kind kind, bool flat) {
    const auto folder = folder_name(file.path);
    if (kind == index::index_kind::sha256sums || kind == index::index_kind::pdiff_index) return filter.others;
    if (kind == index::index_kind::sources) {
        if (!filter.sources) return false;
        return flat || listed(filter.components, folder_name(folder));
    }
    if (kind != index::index_kind::packages) return false;
    if (flat) return true;
    const auto last = file_name(folder);
    auto component = folder_name(folder);
    if (component.ends_with("/debian-installer")) {
        if (!filter.others) return false;
        component = folder_name(component);
    }
    if (!last.starts_with("binary-")) return false;
    return listed(filter.components, component) &&
           (last == "binary-all" || listed(filter.architectures, last.substr(7)));
}

void keep_files(const state_manifest& manifest, digest_set& keep) {
    for (const auto& file : files_of(manifest)) keep.insert(file.content);
}

/// The state's own files and, where that is asked for, those that its Release names.
enum class with_files { no, yes };
result<void> keep_state(store::store& s, const digest& id, with_files files, digest_set& keep) {
    keep.insert(id);
    LARDER_TRY(const auto text, s.objects().read(id, 1 << 20));
    LARDER_TRY(const auto manifest, state_manifest::read(text));
    keep_files(manifest, keep);
    if (files == with_files::no) return {};
    LARDER_TRY(const auto state, load_state(s.objects(), id));
    for (const auto& file : state->release().files)
        if (const auto content = content_of(s.known(), file)) keep.insert(*content);
    LARDER_TRY(const auto companions, companions_of(s.known(), id));
    for (const auto& [name, content] : companions) keep.insert(content);
    return {};
}

/// The refs that are of one deployment alone.
class deployment_refs {
public:
    explicit deployment_refs(const std::string& name) : name_{name} {}

    const std::string& name() const noexcept { return name_; }
    bool has(std::string_view ref) const {
        if (name_.empty()) return false;
        return ref == deployments::ref_of(name_) ||
               ref.starts_with(std::string{deployments::generation_prefix} + name_ + "/") ||
               ref.starts_with(std::string{pinning::unit_prefix} + name_ + "/");
    }

private:
    const std::string& name_;
};

constexpr std::string_view ask_doctor = " (larder doctor says what to do)";

/// All states that generations of deployments name, and one of the refs that do; their manifests are kept as every
/// ref's object is.
result<std::map<digest, std::string>> pinned_states(store::store& s, const deployment_refs& but) {
    std::map<digest, std::string> pinned;
    LARDER_TRY(const auto refs, s.refs().list(deployments::generation_prefix));
    for (const auto& [name, ref] : refs) {
        if (but.has(name)) continue;
        const auto where = "ref " + name + std::string{ask_doctor};
        const auto id = digest::from_hex(ref.value);
        if (!id) return id.error().in(where);
        const auto text = s.objects().read(*id, 1 << 20);
        if (!text) return text.error().in(where);
        const auto generation = deployments::generation::read(*text);
        if (!generation) return generation.error().in(where);
        for (const auto& pin : generation->pins) {
            pinned.try_emplace(pin.snapshot, name);
            pinned.try_emplace(pin.listed(), name);
            pinned.try_emplace(pin.state(), name);
        }
    }
    return pinned;
}

}  // namespace

std::optional<state_ref> parse_state_ref(std::string_view name) {
    state_ref made;
    made.ref = name;
    made.current = name.starts_with(current_prefix);
    if (!made.current && !name.starts_with(history_prefix)) return {};
    const auto rest = name.substr(current_prefix.size());
    static_assert(current_prefix.size() == history_prefix.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || slash == 0) return {};
    made.archive = rest.substr(0, slash);
    auto suite_name = rest.substr(slash + 1);
    if (made.current) {
        constexpr std::string_view kind = "suite/";
        if (!suite_name.starts_with(kind)) return {};
        suite_name.remove_prefix(kind.size());
    } else {
        const auto mark = suite_name.rfind('@');
        if (mark == std::string_view::npos) return {};
        made.moment = suite::moment_of(suite_name);
        suite_name = suite_name.substr(0, mark);
    }
    if (suite_name.empty()) return {};
    made.suite = suite_name;
    return made;
}

result<std::vector<state_ref>> state_refs(const store::ref_store& refs) {
    std::vector<state_ref> all;
    // By name is by date within a suite: the moment stands at the end.
    for (const auto prefix : {history_prefix, current_prefix}) {
        LARDER_TRY(const auto found, refs.list(prefix));
        for (const auto& [name, ref] : found) {
            auto one = parse_state_ref(name);
            if (!one) continue;
            one->version = ref.version;
            one->value = ref.value;
            all.push_back(std::move(*one));
        }
    }
    return all;
}

std::vector<known_state> load_states(const store::object_store& objects, const std::vector<state_ref>& refs,
                                     const std::function<void(const state_ref&, const error&)>& broken) {
    std::vector<known_state> all;
    for (const auto& ref : refs) {
        const auto id = digest::from_hex(ref.value);
        auto state = id ? load_state(objects, *id) : result<suite_state_ptr>{id.error()};
        if (state)
            all.push_back({ref, std::move(*state)});
        else
            broken(ref, state.error());
    }
    return all;
}

std::vector<stored_file> files_of(const state_manifest& manifest) {
    std::vector<stored_file> files{manifest.text};
    for (const auto& file : {manifest.in_release, manifest.release, manifest.release_gpg})
        if (file) files.push_back(*file);
    return files;
}

result<std::vector<state_ref>> former_states(store::store& s) {
    const std::string none;
    LARDER_TRY(const auto pinned, pinned_states(s, deployment_refs{none}));
    LARDER_TRY(const auto refs, state_refs(s.refs()));
    std::set<std::string> seen;
    for (const auto& ref : refs)
        if (ref.current) seen.insert(ref.value);
    std::vector<state_ref> former;
    for (const auto& ref : refs) {
        const auto id = digest::from_hex(ref.value);
        if (id && !pinned.contains(*id) && seen.insert(ref.value).second) former.push_back(ref);
    }
    return former;
}

result<digest_set> reachable(engine& e, const std::string& without, former_indices how) {
    digest_set keep;
    auto& s = e.store();
    const deployment_refs but{without};
    LARDER_TRY(const auto pinned, pinned_states(s, but));
    for (const auto& [id, name] : pinned)
        if (auto kept = keep_state(s, id, with_files::yes, keep); !kept)
            return kept.error().in("the state " + id.hex() + " that ref " + name + " pins" + std::string{ask_doctor});
    LARDER_CHECK(e.held().flush());
    // Of a deployment that came to nothing (its import was interrupted) they hold nothing.
    LARDER_TRY(const auto deployments_there, s.refs().list(deployments::deployment_prefix));
    std::set<std::string, std::less<>> holders;
    for (const auto& [name, ref] : deployments_there)
        holders.insert(name.substr(deployments::deployment_prefix.size()));
    LARDER_TRY(const auto published_here, s.refs().list(pockets::archive_prefix));
    for (const auto& [name, ref] : published_here)
        holders.insert(pockets::holder_of(name.substr(pockets::archive_prefix.size())));
    LARDER_CHECK(s.holds().each({}, [&](std::string_view holder, const store::held_object& one) {
        if (holder != but.name() && holders.contains(holder)) keep.insert(one.content);
    }));
    LARDER_TRY(const auto reports, unit_reports(s.refs(), without));
    keep.insert(reports.begin(), reports.end());
    LARDER_TRY(const auto every, s.refs().list(""));
    for (const auto& [name, ref] : every) {
        const auto id = digest::from_hex(ref.value);
        if (!id || but.has(name)) continue;
        keep.insert(*id);
        const auto parsed = parse_state_ref(name);
        if (!parsed || pinned.contains(*id)) continue;
        // Clients of the current state find its indices with upstream gone.
        const bool all = parsed->current || (how == former_indices::stay && !indices_are_kept(s.known(), *id));
        auto kept = keep_state(s, *id, all ? with_files::yes : with_files::no, keep);
        // Without its Release nobody can tell what its indices were; one that cannot be read now may be whole.
        if (!kept && all && !parsed->current && is_about_bytes(kept.error()))
            kept = keep_state(s, *id, with_files::no, keep);
        if (!kept) return kept.error().in("ref " + name + " (larder doctor repairs it)");
    }
    // What the archives themselves know to be in use, should that be more.
    const auto routes = e.routes();
    for (const auto& a : routes->archives) LARDER_CHECK(a->reachable([&keep](const digest& d) { keep.insert(d); }));
    return keep;
}

result<std::map<std::string, digest>> companions_of(const store::catalogue& known, const digest& state) {
    std::map<std::string, digest> all;
    for (const auto* name : {"Release", "Release.gpg"}) {
        LARDER_TRY(const auto note, known.get_note("companion/" + state.hex() + "/" + name));
        const auto content = note ? digest::from_hex(*note) : result<digest>{error{}};
        if (content) all.emplace(name, *content);
    }
    return all;
}

std::optional<digest> content_of(const store::catalogue& known, const index::release_file& file) {
    if (file.sha256) return file.sha256;
    const auto note = known.get_note("sha512/" + file.sha512);
    if (!note || !*note) return {};
    const auto content = digest::from_hex(**note);
    if (!content) return {};
    return *content;
}

const index::release_file* file_with(const store::catalogue& known, const suite_state& state, const digest& content) {
    if (const auto* file = state.by_hash("SHA256", content.hex())) return file;
    for (const auto& file : state.release().files)
        if (!file.sha256 && content_of(known, file) == content) return &file;
    return nullptr;
}

fetch_order order_of(const known_state& of, const index::release_file& file, const digest& content,
                     const std::shared_ptr<mirror_group>& from) {
    const suite in{of.from.suite};
    const auto folder = folder_name(file.path);
    fetch_order order;
    order.content = content;
    order.size = file.size;
    order.from = from;
    order.state = of.state->id();
    const auto base = folder.empty() ? std::string{} : std::string{folder} + "/";
    if (of.state->release().acquire_by_hash)
        order.paths.push_back(
            in.file(base + (file.sha256 ? "by-hash/SHA256/" + file.sha256->hex() : "by-hash/SHA512/" + file.sha512)));
    order.paths.push_back(in.file(file.path));
    order.rescue = true;
    order.moments = {of.state->release().date};
    return order;
}

std::vector<index_wanted> indices_of(const known_state& of, const index_filter& filter, store::store& from_store,
                                     const std::shared_ptr<mirror_group>& from) {
    struct choice {
        const index::release_file* file = nullptr;
        digest content;
        bool here = false;
    };
    const suite in{of.from.suite};
    std::map<std::string_view, choice> choices;
    for (const auto& file : of.state->release().files) {
        const auto kind = index::kind_of(file.path);
        if (kind == index::index_kind::none || !takes(filter, file, kind, in.flat())) continue;
        const auto content = content_of(from_store.known(), file);
        if (!content) continue;
        const auto found = from_store.objects().find(*content);
        const bool here = found && found->has_value();
        auto& best = choices[index::without_compression(file.path)];
        if (best.file == nullptr || (here && !best.here) || (here == best.here && file.size < best.file->size))
            best = {&file, *content, here};
    }
    std::vector<index_wanted> all;
    for (const auto& [stem, best] : choices) {
        index_wanted index;
        index.kind = index::kind_of(best.file->path);
        index.path = in.file(best.file->path);
        // Filename in Packages and Directory in Sources count from the archive's root, in a flat one too.
        if (index.kind == index::index_kind::sha256sums || index.kind == index::index_kind::pdiff_index)
            index.base = std::string{folder_name(index.path)};
        const auto* plain = of.state->by_path(stem);
        index.key = index_key(plain != nullptr && plain->sha256 ? *plain->sha256 : best.content, index.base);
        index.order = order_of(of, *best.file, best.content, from);
        all.push_back(std::move(index));
    }
    return all;
}

}  // namespace larder::net::maintenance
