#include "archive_paths.hpp"
#include "pinned.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>

// What a path is, from what is known: the release files of a suite, a file that a Release names, one
// asked for by hash, one that a smaller index names (installer, pdiff), or a file of the pool.

namespace larder::net {
namespace {

/// However often clients insist, upstream is asked no more often than this.
constexpr std::chrono::seconds least_between_insisting{2};

/// The suite that a release file at this path would be of; empty when it would be of none.
std::string suite_of_release(std::string_view path) {
    if (path.starts_with("dists/")) return std::string{folder_name(path.substr(6))};
    const auto folder = folder_name(path);
    return folder.empty() ? std::string{"./"} : std::string{folder} + "/";
}

/// "hello_2.10-3_amd64.deb" -> "amd64"; empty when the name is not a binary package's.
std::string_view architecture_of(std::string_view name) {
    for (const std::string_view suffix : {".deb", ".udeb", ".ddeb"}) {
        if (!name.ends_with(suffix)) continue;
        name.remove_suffix(suffix.size());
        const auto mark = name.rfind('_');
        return mark == std::string_view::npos ? std::string_view{} : name.substr(mark + 1);
    }
    return {};
}

error nothing_known(const std::string& archive) {
    return {errc::upstream_down,
            "no suite of archive '" + archive + "' is known here yet; run apt-get update through this server first"};
}

}  // namespace

/// Takes the suite for the place of the path, if it is in the suite's folder and in that of no other deeper down.
void archive::consider(place& best, const std::shared_ptr<suite>& one, std::string_view path) {
    const auto folder = one->folder();
    const auto rest = below(path, folder);
    // A flat suite claims only its own release files; the rest of it is found by its indices.
    if (!rest || (one->flat() && !is_release_name(*rest) && !rest->starts_with("by-hash/") &&
                  !(one->current() && one->current()->by_path(*rest))))
        return;
    if (best.in && folder.size() <= best.in->folder().size()) return;
    best.in = one;
    best.rest = *rest;
}

archive::place archive::locate(std::string_view path) const {
    place best;
    const std::lock_guard lock{mutex_};
    // What somebody made up must not take paths away from a suite that exists.
    for (const auto& [key, one] : suites_)
        if (!one->stranger()) consider(best, one, path);
    const bool in_dists = path.starts_with("dists/");
    const auto name = file_name(path);
    if (!is_release_name(name)) {
        const auto inner = in_dists ? path.substr(6) : std::string_view{};
        if (!best.in && !inner.empty()) return {nullptr, {}, std::string{inner.substr(0, inner.find('/'))}};
        return best;
    }
    const auto wanted = suite_of_release(path);
    // "dists/jammy-updates/zed/InRelease" may be a suite of its own or a file of a known one's folder;
    // only a Release that names it makes it the latter.
    const auto state = best.in ? best.in->current() : nullptr;
    if (wanted.empty() || (best.in && (best.in->name() == wanted || (state && state->by_path(best.rest))))) return best;
    if (const auto asked_for = suites_.find(wanted); asked_for != suites_.end()) return {asked_for->second, name, {}};
    return {nullptr, name, wanted};
}

resolution archive::resolve(std::string_view path, asked suite_was) {
    const auto where = locate(path);
    if (!where.unknown.empty()) return ask_suite{where.unknown};
    if (!where.in) return resolve_pool(path);
    auto& in = *where.in;
    if (suite_was == asked::not_yet && !in.current()) return ask_suite{in.name()};
    if (is_release_name(where.rest)) {
        if (suite_was == asked::not_yet && in.due(std::chrono::steady_clock::now())) return ask_suite{in.name()};
        return resolve_release_file(in, where.rest, suite_was);
    }
    return resolve_in_suite(in, where.rest, path);
}

void archive::insist(std::string_view path) {
    const auto where = locate(path);
    if (!where.in || !is_release_name(where.rest)) return;
    if (std::chrono::steady_clock::now() - where.in->finished() >= least_between_insisting) where.in->expire();
}

resolution archive::resolve_release_file(suite& in, std::string_view name, asked suite_was) {
    const auto state = in.current();
    if (!state) {
        const auto why = in.trouble();
        return why ? *why : nothing_known(options_.name);
    }
    const auto& manifest = state->manifest();
    std::optional<stored_file> file;
    if (name == "InRelease") file = manifest.in_release;
    if (name == "Release") file = manifest.release;
    if (name == "Release.gpg") file = manifest.release_gpg;
    if (!file && name == "InRelease")
        return error{errc::absent, "upstream has no InRelease for suite '" + in.name() + "'"};
    if (!file) {
        const auto note = parts_.store.known().get_note("companion/" + state->id().hex() + "/" + std::string{name});
        if (!note) return note.error();
        if (!*note) return ask_companions{in.name()};
        const auto content = digest::from_hex(**note);
        if (!content) return content.error();
        file = stored_file{*content, store::unknown_size};
    }
    const auto info = parts_.store.objects().find(file->content);
    if (!info) return info.error();
    if (!*info && name != "InRelease" && !manifest.release) return ask_companions{in.name()};
    if (!*info) {
        // Found damaged and set aside: asked for anew at once, not when the suite is due.
        if (suite_was == asked::already)
            return error{errc::upstream_down, "the release file of suite '" + in.name() +
                                                  "' was damaged here, and could not be fetched again yet"};
        in.expire();
        return ask_suite{in.name()};
    }
    serve_object serve{file->content, **info, false, std::nullopt};
    if (const auto validated = in.validated())
        serve.age = std::max(std::chrono::seconds{0}, parts_.clock.now() - *validated);
    return serve;
}

resolution archive::resolve_in_suite(suite& in, std::string_view rest, std::string_view path) {
    const auto state = in.current();
    if (!state) {
        const auto why = in.trouble();
        return why ? *why : nothing_known(options_.name);
    }
    if (const auto* file = state->by_path(rest)) return deliver_file(in, *state, *file, false);
    if (rest.find("by-hash/") != std::string_view::npos) return resolve_by_hash(in, rest);

    const auto claims = parts_.store.known().find(options_.name, path);
    if (!claims) return claims.error();
    if (usable(*claims) != claims->end()) return resolve_claims(*claims);

    learn_indices learn{smaller_indices(in, *state, rest, which::unread)};
    if (!learn.indices.empty()) return learn;
    const auto by_now = parts_.store.known().find(options_.name, path);  // as in resolve_pool()
    if (!by_now) return by_now.error();
    if (!by_now->empty()) return resolve_claims(*by_now);
    return error{errc::absent, std::string{path} + ": the Release of suite '" + in.name() + "' does not name it"};
}

/// Those of its own folder, or of one above it, that may name a file of a suite.
std::vector<index_wanted> archive::smaller_indices(const suite& in, const suite_state& state, std::string_view rest,
                                                   which of_them) const {
    std::vector<index_wanted> found;
    for (const auto& file : state.release().files) {
        const auto kind = index::kind_of(file.path);
        if (kind != index::index_kind::sha256sums && kind != index::index_kind::pdiff_index) continue;
        if (!below(rest, folder_name(file.path)) || file_name(file.path) == rest) continue;
        if (auto index = of_them == which::unread ? wanted(in, state, file) : describe(in, state, file))
            found.push_back(std::move(*index));
    }
    return found;
}

resolution archive::resolve_by_hash(suite& in, std::string_view rest) {
    const auto hex = file_name(rest);
    const auto kind = file_name(folder_name(rest));
    for (const auto& state : in.states()) {
        const auto* file = state->by_hash(kind, hex);
        if (file != nullptr) return deliver_file(in, *state, *file, true);
    }
    return error{errc::absent,
                 std::string{rest} + ": no state of suite '" + in.name() + "' that is known here names this hash"};
}

resolution archive::deliver_file(const suite& in, const suite_state& state, const index::release_file& file,
                                 bool immutable) {
    if (file.sha256) {
        auto what = deliver(*file.sha256, file.size, paths_of(in, state, file), immutable);
        if (auto* fetch = std::get_if<fetch_object>(&what)) {
            fetch->order.urgent = true;
            fetch->order.state = state.id();
        }
        return or_from_chunks(state, file, std::move(what));
    }
    const auto note = parts_.store.known().get_note("sha512/" + file.sha512);
    if (!note) return note.error();
    if (!*note) return ask_by_sha512{in.name(), file, paths_of(in, state, file)};
    const auto content = digest::from_hex(**note);
    if (!content) return content.error();
    const auto info = parts_.store.objects().find(*content);
    if (!info) return info.error();
    if (!*info) return ask_by_sha512{in.name(), file, paths_of(in, state, file)};
    return serve_object{*content, **info, immutable, std::nullopt};
}

std::vector<std::string> archive::paths_of(const suite& in, const suite_state& state,
                                           const index::release_file& file) const {
    std::vector<std::string> paths;
    const auto folder = folder_name(file.path);
    const std::string base = folder.empty() ? std::string{} : std::string{folder} + "/";
    if (state.release().acquire_by_hash)
        paths.push_back(
            in.file(base + (file.sha256 ? "by-hash/SHA256/" + file.sha256->hex() : "by-hash/SHA512/" + file.sha512)));
    paths.push_back(in.file(file.path));
    return paths;
}

resolution archive::deliver(const digest& content, std::uint64_t size, std::vector<std::string> paths, bool immutable) {
    const auto info = parts_.store.objects().find(content);
    if (!info) return info.error();
    if (*info) return serve_object{content, **info, immutable, std::nullopt};
    return fetch_object{fetch_order{content, size, std::move(paths), mirrors_}, immutable};
}

resolution archive::resolve_claims(const std::vector<store::claim>& claims) {
    // The same path with other bytes is an accident of small repositories; whoever asks wants what the
    // current index says, which is the first (claims_are), whether it is here or not.
    const auto latest = usable(claims);
    if (latest == claims.end())
        return error{errc::unsupported, claims.front().path + ": an index of archive '" + options_.name +
                                            "' names it, but gives no SHA-256 and size to verify it by"};
    return deliver(latest->content, latest->size, {latest->path}, true);
}

resolution archive::resolve_pool(std::string_view path) {
    const auto claims = parts_.store.known().find(options_.name, path);
    if (!claims) return claims.error();
    if (usable(*claims) != claims->end()) return resolve_claims(*claims);

    const auto known = known_suites();
    if (known.empty()) return nothing_known(options_.name);
    std::optional<error> trouble;
    for (const auto& s : known) {
        if (!s->current() && s->due(std::chrono::steady_clock::now())) return ask_suite{s->name()};
        if (!s->current() && s->trouble() && s->trouble()->code() != errc::absent) trouble = s->trouble();
    }
    if (auto indices = pool_candidates(path); !indices.empty()) return learn_indices{std::move(indices)};
    // One that was read between the two looks is no candidate any more, and may be the one that names it.
    const auto by_now = parts_.store.known().find(options_.name, path);
    if (!by_now) return by_now.error();
    if (!by_now->empty()) return resolve_claims(*by_now);
    if (trouble)
        return error{errc::upstream_down, "not known here, and a suite could not be read: " + trouble->detail()};
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [key, why] : unreadable_)
        if (why.first > now && why.second.code() != errc::absent)
            return error{errc::upstream_down, "not known here, and an index could not be read: " + why.second.detail()};
    return error{errc::absent, std::string{path} + ": no index of archive '" + options_.name + "' names it"};
}

std::optional<index_wanted> archive::describe(const suite& in, const suite_state& state,
                                              const index::release_file& file) const {
    if (!file.sha256) return std::nullopt;
    index_wanted index;
    index.kind = index::kind_of(file.path);
    if (index.kind == index::index_kind::none) return std::nullopt;
    index.path = in.file(file.path);
    index.base = std::string{folder_name(index.path)};
    // Filename is relative to the archive's root, also in a flat repository below it: apt takes it so.
    if (index.kind == index::index_kind::packages || index.kind == index::index_kind::sources) index.base.clear();
    const auto* plain = state.by_path(index::without_compression(file.path));
    index.key = index_key(plain != nullptr && plain->sha256 ? *plain->sha256 : *file.sha256, index.base);
    index.order = fetch_order{
        *file.sha256, file.size, paths_of(in, state, file), mirrors_, true, store::arrival::fetched, state.id()};
    return index;
}

std::vector<index_form> archive::other_forms(const suite& in, const suite_state& state,
                                             const index::release_file& file) const {
    const auto stem = index::without_compression(file.path);
    std::vector<index_form> forms;
    for (const auto& other : state.release().files)
        if (other.sha256 && other.path != file.path && index::without_compression(other.path) == stem)
            forms.push_back(
                {{*other.sha256, other.size, paths_of(in, state, other), mirrors_, true}, in.file(other.path)});
    std::sort(forms.begin(), forms.end(), [](const auto& a, const auto& b) { return a.order.size < b.order.size; });
    return forms;
}

std::optional<index_wanted> archive::wanted(const suite& in, const suite_state& state,
                                            const index::release_file& file) const {
    auto index = describe(in, state, file);
    if (!index) return std::nullopt;
    {
        const std::lock_guard lock{mutex_};
        const auto bad = unreadable_.find(index->key);
        if (bad != unreadable_.end() && bad->second.first > std::chrono::steady_clock::now()) return std::nullopt;
    }
    const auto known = parts_.store.known().knows_index(options_.name, index->key);
    if (!known || *known) return std::nullopt;
    return index;
}

namespace {

/// One file of each index: the compressions of it are the same index. Here already beats what must
/// be fetched; then the smallest.
struct index_choice {
    const index::release_file* file = nullptr;
    bool here = false;
};

bool folder_fits(std::string_view folder, std::string_view architecture, const std::vector<std::string>& architectures,
                 bool is_flat) {
    if (is_flat) return true;
    const auto last = file_name(folder);
    if (!last.starts_with("binary-")) return false;
    const auto of = last.substr(7);
    if (architecture != "all") return of == architecture;
    return of == "all" || architectures.empty() ||
           std::find(architectures.begin(), architectures.end(), of) != architectures.end();
}

}  // namespace

std::vector<index_wanted> archive::pool_candidates(std::string_view path) const {
    return pool_indices(known_suites(), options_.architectures, path, which::unread);
}

std::vector<index_wanted> archive::pool_indices(const std::vector<std::shared_ptr<suite>>& suites,
                                                const std::vector<std::string>& architectures, std::string_view path,
                                                which of_them) const {
    const auto name = file_name(path);
    const auto architecture = architecture_of(name);
    const auto kind = architecture.empty() ? index::index_kind::sources : index::index_kind::packages;
    const bool udeb = name.ends_with(".udeb");
    std::vector<index_wanted> found;
    const auto parts = split(path, '/');
    const std::string component{parts.size() > 2 && parts[0] == "pool" ? parts[1] : std::string_view{}};
    for (const auto& s : suites) {
        const auto state = s->current();
        if (!state) continue;
        const auto& names = state->release().components;
        const bool by_component = std::find(names.begin(), names.end(), component) != names.end();
        std::map<std::string_view, index_choice> choices;
        for (const auto& file : state->release().files) {
            if (index::kind_of(file.path) != kind || !file.sha256) continue;
            const auto folder = folder_name(file.path);
            const bool installer = folder.find("debian-installer/") != std::string_view::npos;
            if (by_component && !folder.starts_with(component + "/")) continue;
            // Nobody needs to ask for that one: each architecture's has its packages, too.
            if (file_name(folder) == "binary-all" && !has_all_apart(state->release())) continue;
            if (kind == index::index_kind::packages &&
                (installer != udeb || !folder_fits(folder, architecture, architectures, s->flat())))
                continue;
            auto& choice = choices[index::without_compression(file.path)];
            const auto here = parts_.store.objects().find(*file.sha256);
            const bool is_here = here && here->has_value();
            if (choice.file == nullptr || (is_here && !choice.here) ||
                (is_here == choice.here && file.size < choice.file->size))
                choice = {&file, is_here};
        }
        for (const auto& [stem, choice] : choices)
            if (auto index =
                    of_them == which::unread ? wanted(*s, *state, *choice.file) : describe(*s, *state, *choice.file)) {
                if (!choice.here) index->also = other_forms(*s, *state, *choice.file);
                found.push_back(std::move(*index));
            }
    }
    return found;
}

std::vector<index_wanted> archive::indices_of(std::string_view suite_name, const std::vector<std::string>& components,
                                              const std::vector<std::string>& architectures) const {
    const auto s = find_suite(suite_name);
    const auto state = s ? s->current() : nullptr;
    return state ? indices_in(*s, *state, components, architectures) : std::vector<index_wanted>{};
}

std::vector<index_wanted> archive::indices_in(const suite& in, const suite_state& state,
                                              const std::vector<std::string>& components,
                                              const std::vector<std::string>& architectures) const {
    const auto listed = [](const std::vector<std::string>& list, std::string_view item) {
        return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
    };
    std::map<std::string_view, const index::release_file*> smallest;
    for (const auto& file : state.release().files) {
        if (index::kind_of(file.path) != index::index_kind::packages || !file.sha256) continue;
        const auto folder = folder_name(file.path);
        const auto last = file_name(folder);
        if (!in.flat()) {
            if (!last.starts_with("binary-") || folder.find("debian-installer/") != std::string_view::npos) continue;
            // As apt does: with the packages for "all" in each index, binary-all is fetched only by who names it.
            const bool all = last == "binary-all" && has_all_apart(state.release());
            if (!listed(components, folder_name(folder)) || !(listed(architectures, last.substr(7)) || all)) continue;
        }
        auto& choice = smallest[index::without_compression(file.path)];
        if (choice == nullptr || file.size < choice->size) choice = &file;
    }
    std::vector<index_wanted> found;
    for (const auto& [stem, file] : smallest)
        if (auto index = describe(in, state, *file)) {
            index->also = other_forms(in, state, *file);
            found.push_back(std::move(*index));
        }
    return found;
}

}  // namespace larder::net
