#include "maintenance/former_indices.hpp"
#include "kept_chunks.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>

namespace larder::net::maintenance {
namespace {

/// States before and behind one in which an index may be that it shares chunks with.
constexpr std::size_t most_neighbours = 3;
/// States that are in memory at once, of a few hundred KiB each.
constexpr std::size_t most_loaded = 16;

error stopped() { return {errc::cancelled, "stopped before all indices of former states were kept"}; }

class keeping {
public:
    keeping(engine& e, const std::vector<state_ref>& refs, const progress_sink& tell, const std::stop_token& stop)
        : e_{e}, around_{e.store().objects(), refs}, tell_{tell}, stop_{stop} {}

    result<kept_indices> run(const std::vector<state_ref>& former) {
        for (const auto& one : former) {
            if (stop_.stop_requested()) return stopped();
            LARDER_TRY(const auto id, digest::from_hex(one.value));
            if (indices_are_kept(e_.store().known(), id)) continue;
            const auto state = load_state(e_.store().objects(), id);
            // doctor's: without its Release nothing tells what its indices are.
            if (!state) continue;
            tell_({"keeping the indices of " + one.archive + " " + one.suite, all_.indices, 0});
            for (const auto& index : chunked_indices(**state)) LARDER_CHECK(keep(one, index));
            LARDER_CHECK(note_indices_kept(e_.store().known(), id));
        }
        return all_;
    }

private:
    result<void> keep(const state_ref& of, const former_index& index) {
        if (stop_.stop_requested()) return stopped();
        const auto& content = *index.plain->sha256;
        const auto& objects = e_.store().objects();
        if (form_here(objects, index) == nullptr || has_chunks(e_.store().refs(), content)) return {};
        const auto like = around_.of(of, index.plain->path);
        for (const auto* form : index.forms) {
            const auto here = objects.find(*form->sha256);
            if (!here || !*here) continue;
            const auto kept = keep_as_chunks(e_.parts(), content, *form->sha256, form->path, like);
            if (kept) {
                ++all_.indices;
                all_.bytes += *kept;
                return {};
            }
            if (!is_about_bytes(kept.error())) return kept.error();
            e_.log().write(log_level::warn, "index of a former state cannot be kept: " + kept.error().message(),
                           {{"archive", of.archive}, {"suite", of.suite}, {"index", form->path}});
        }
        return {};
    }

    engine& e_;
    neighbours around_;
    const progress_sink& tell_;
    const std::stop_token& stop_;
    kept_indices all_;
};

}  // namespace

std::vector<former_index> chunked_indices(const suite_state& state) {
    std::map<std::string_view, former_index> found;
    for (const auto& file : state.release().files) {
        const auto* plain = is_kept_as_chunks(file.path) ? plain_form(state, file.path) : nullptr;
        if (plain == nullptr || !file.sha256) continue;
        auto& one = found[plain->path];
        one.plain = plain;
        one.forms.push_back(&file);
    }
    std::vector<former_index> all;
    for (auto& [path, one] : found) {
        std::sort(one.forms.begin(), one.forms.end(), [](const auto* a, const auto* b) { return a->size < b->size; });
        all.push_back(std::move(one));
    }
    return all;
}

const index::release_file* form_here(const store::object_store& objects, const former_index& index) {
    for (const auto* form : index.forms) {
        const auto here = objects.find(*form->sha256);
        if (here && *here) return form;
    }
    return nullptr;
}

const suite_state* neighbours::load(const std::string& id) {
    const auto known = loaded_.find(id);
    if (known != loaded_.end()) return known->second.get();
    if (loaded_.size() >= most_loaded) loaded_.clear();
    const auto value = digest::from_hex(id);
    auto state = value ? load_state(objects_, *value) : result<suite_state_ptr>{value.error()};
    return loaded_.emplace(id, state ? *state : nullptr).first->second.get();
}

std::vector<digest> neighbours::of(const state_ref& state, std::string_view path) {
    std::vector<digest> like;
    const auto take = [&](const state_ref& other) {
        if (other.archive != state.archive || other.suite != state.suite || other.value == state.value) return false;
        const auto* loaded = load(other.value);
        const auto* file = loaded != nullptr ? loaded->by_path(path) : nullptr;
        if (file != nullptr && file->sha256) like.push_back(*file->sha256);
        return file != nullptr;
    };
    const auto at = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.ref == state.ref; });
    std::size_t before = 0, behind = 0;
    for (auto one = at; one != all_.begin() && before < most_neighbours;) before += take(*--one);
    for (auto one = at; one != all_.end() && behind < most_neighbours; ++one) behind += take(*one);
    return like;
}

result<kept_indices> keep_former_indices(engine& e, const progress_sink& tell, const std::stop_token& stop) {
    LARDER_TRY(const auto refs, state_refs(e.store().refs()));
    LARDER_TRY(const auto former, former_states(e.store()));
    keeping work{e, refs, tell, stop};
    return work.run(former);
}

result<kept_indices> count_former_indices(engine& e, const std::stop_token& stop) {
    kept_indices all;
    LARDER_TRY(const auto former, former_states(e.store()));
    for (const auto& one : former) {
        if (stop.stop_requested()) return stopped();
        LARDER_TRY(const auto id, digest::from_hex(one.value));
        if (indices_are_kept(e.store().known(), id)) continue;
        const auto state = load_state(e.store().objects(), id);
        if (!state) continue;
        for (const auto& index : chunked_indices(**state))
            all.indices +=
                form_here(e.store().objects(), index) != nullptr && !has_chunks(e.store().refs(), *index.plain->sha256);
    }
    return all;
}

}  // namespace larder::net::maintenance
