#include "deployments/states.hpp"
#include "archive_paths.hpp"
#include "kept_chunks.hpp"
#include <algorithm>
#include <array>
#include <larder/base/text.hpp>
#include <map>

namespace larder::net::pinning {
namespace {

constexpr std::size_t shortest_id = 8;

/// apt-pkg/aptconfiguration.cc, getCompressionTypes: what a default configuration asks for, in this order.
int rank_of(std::string_view path) {
    using enum index::compression;
    constexpr std::array order{xz, bz2, lzma, gz, lz4, zst, none};
    const auto found = std::find(order.begin(), order.end(), index::compression_of(path));
    return static_cast<int>(found - order.begin());
}

bool listed(const std::vector<std::string>& list, std::string_view item) {
    return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

/// The component's folder that a file stands below: "main/binary-amd64" -> "main".
std::string_view component_of(std::string_view folder) { return folder_name(folder); }

bool is_translation(std::string_view stem) {
    return file_name(folder_name(stem)) == "i18n" && file_name(stem) == "Translation-en";
}

bool is_needed(std::string_view stem, const index::release& release, const suite& in,
               const std::vector<std::string>& components, const std::vector<std::string>& architectures) {
    const auto kind = index::kind_of(stem);
    const auto folder = folder_name(stem);
    if (folder.find("debian-installer") != std::string_view::npos) return false;
    const bool fits = in.flat() || listed(components, component_of(folder));
    if (kind == index::index_kind::packages) {
        if (in.flat()) return true;
        const auto of = architecture_of(stem);
        // Where each architecture's index has them, apt does not ask for another.
        if (of == "all") return fits && has_all_apart(release);
        return fits && !of.empty() && listed(architectures, of);
    }
    // Sources are asked for by name: without, they would come along with "all architectures".
    if (kind == index::index_kind::sources)
        return fits && std::find(architectures.begin(), architectures.end(), "source") != architectures.end();
    return fits && is_translation(stem);
}

}  // namespace

result<suite_choice> parse_choice(std::string_view text) {
    suite_choice made;
    const auto at = text.rfind('@');
    const auto name = text.substr(0, at);
    if (at != std::string_view::npos) made.when = text.substr(at + 1);
    const auto slash = name.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == name.size() ||
        (at != std::string_view::npos && made.when.empty()))
        return error{errc::bad_config, "'" + printable(text, 200) +
                                           "' is not of the form ARCHIVE/SUITE or ARCHIVE/SUITE@WHEN, like "
                                           "debian/bookworm or debian/bookworm@20261121T063000Z"};
    made.archive = name.substr(0, slash);
    made.suite = name.substr(slash + 1);
    return made;
}

result<std::vector<kept_state>> kept_states(const store::ref_store& refs, const std::string& archive,
                                            const std::string& suite_name) {
    LARDER_TRY(const auto found, maintenance::state_refs(refs));
    std::map<std::pair<std::string, std::string>, std::string> current;
    for (const auto& one : found)
        if (one.current) current[{one.archive, one.suite}] = one.value;
    std::vector<kept_state> all;
    for (const auto& one : found) {
        if (one.current || (!archive.empty() && one.archive != archive) ||
            (!suite_name.empty() && one.suite != suite_name))
            continue;
        const auto id = digest::from_hex(one.value);
        if (!id || !one.moment) continue;
        all.push_back({one.archive, one.suite, *id, *one.moment, current[{one.archive, one.suite}] == one.value});
    }
    std::stable_sort(all.begin(), all.end(), [](const kept_state& a, const kept_state& b) {
        return std::tie(a.archive, a.suite, a.date) < std::tie(b.archive, b.suite, b.date);
    });
    return all;
}

bool begins_id(std::string_view text) {
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() >= shortest_id && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_hex);
}

result<kept_state> find_state(const store::ref_store& refs, const suite_choice& choice) {
    LARDER_TRY(const auto all, kept_states(refs, choice.archive, choice.suite));
    if (all.empty())
        return error{errc::absent, "no state of " + choice.text() +
                                       " is here; larder archive update fetches the one "
                                       "that is published now"};
    if (choice.when.empty()) {
        for (const auto& one : all)
            if (one.current) return one;
        return all.back();
    }
    const auto moment = parse_timestamp(choice.when);
    const kept_state* best = nullptr;
    for (const auto& one : all) {
        if (moment ? one.date > *moment : !one.id.hex().starts_with(choice.when)) continue;
        if (!moment && best != nullptr && best->id != one.id)
            return error{errc::refused, "'" + choice.when + "' is the beginning of several snapshots' ids: give more"};
        best = &one;
    }
    if (!moment && !begins_id(choice.when))
        return error{errc::bad_config, "'" + printable(choice.when, 70) +
                                           "' is neither a moment, like 20261121T063000Z, nor a snapshot's id (its "
                                           "first 8 digits at least)"};
    if (best == nullptr)
        return error{errc::absent,
                     choice.text() + " has no state from " + choice.when +
                         (moment ? " or before; the oldest here is from " + format_timestamp(all.front().date)
                                 : "; larder snapshot list shows all")};
    return *best;
}

result<digest> find_current(const store::ref_store& refs, const suite_choice& choice) {
    const suite in{choice.suite};
    LARDER_TRY(const auto ref, refs.get(in.ref(choice.archive)));
    if (ref) return digest::from_hex(ref->value);
    LARDER_TRY(const auto found, find_state(refs, {choice.archive, choice.suite, {}}));
    return found.id;
}

std::string architecture_of(std::string_view path) {
    const auto stem = index::without_compression(path);
    const auto kind = index::kind_of(stem);
    if (kind == index::index_kind::sources) return "source";
    const auto last = file_name(folder_name(stem));
    if (kind != index::index_kind::packages || !last.starts_with("binary-")) return {};
    return std::string{last.substr(7)};
}

std::vector<needed_file> needed_files(const suite_state& state, const suite& in,
                                      const std::vector<std::string>& components,
                                      const std::vector<std::string>& architectures) {
    std::map<std::string_view, needed_file> found;
    for (const auto& file : state.release().files) {
        const auto stem = index::without_compression(file.path);
        if (!file.sha256 || !is_needed(stem, state.release(), in, components, architectures)) continue;
        auto& one = found[stem];
        one.lists_packages = index::kind_of(stem) != index::index_kind::none;
        one.forms.push_back(&file);
    }
    std::vector<needed_file> all;
    for (auto& [stem, one] : found) {
        std::sort(one.forms.begin(), one.forms.end(),
                  [](const auto* a, const auto* b) { return rank_of(a->path) < rank_of(b->path); });
        all.push_back(std::move(one));
    }
    return all;
}

std::vector<std::string> components_of(engine& e, const std::string& archive) {
    const auto from = e.find_archive(archive);
    return from ? from->options().components : std::vector<std::string>{};
}

result<index_forms> package_indices(const store::object_store& objects, const suite_state& state, const suite& in,
                                    const std::vector<std::string>& components,
                                    const std::vector<std::string>& architectures) {
    index_forms all;
    for (const auto& one : needed_files(state, in, components, architectures)) {
        if (!one.lists_packages) continue;
        listed_index made{one.forms};
        for (const auto* form : one.forms) {
            LARDER_TRY(const auto found, objects.find(*form->sha256));
            if (found && (made.here == nullptr || form->size < made.here->size)) made.here = form;
        }
        all.emplace(index::without_compression(one.forms.front()->path), std::move(made));
    }
    return all;
}

std::vector<digest> sources_of(const deployments::pin& pin) {
    std::vector<digest> all{pin.snapshot};
    for (const auto& one : pin.picks)
        if (!one.version.empty() && std::find(all.begin(), all.end(), one.from) == all.end()) all.push_back(one.from);
    return all;
}

std::vector<sys_seconds> moments_of(const store::object_store& objects, const deployments::pin& pin) {
    std::vector<sys_seconds> all;
    for (const auto& id : sources_of(pin))
        if (const auto state = load_state(objects, id)) all.push_back((*state)->release().date);
    return all;
}

snapshot_row row_of(engine& e, const kept_state& of, const suite_state& state) {
    snapshot_row row;
    row.archive = of.archive;
    row.suite = of.suite;
    row.id = of.id;
    row.date = state.release().date;
    row.current = of.current;
    row.signers = state.manifest().signers;
    const suite in{of.suite};
    const auto from = e.find_archive(of.archive);
    auto architectures = from ? from->options().architectures : std::vector<std::string>{};
    if (architectures.empty()) {
        architectures = state.release().architectures;
        architectures.emplace_back("source");
    }
    for (const auto& one : needed_files(state, in, components_of(e, of.archive), architectures)) {
        ++row.indices;
        const bool here = std::any_of(one.forms.begin(), one.forms.end(), [&](const auto* form) {
            const auto found = e.store().objects().find(*form->sha256);
            return found && *found;
        });
        row.indices_here += here;
        const auto* plain = here ? nullptr : plain_form(state, one.forms.front()->path);
        if (plain == nullptr) continue;
        const auto chunks = find_chunks(e.store(), *plain->sha256);
        row.indices_from_chunks += chunks && *chunks;
    }
    return row;
}

}  // namespace larder::net::pinning
