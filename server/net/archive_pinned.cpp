#include "archive_paths.hpp"
#include "index_reader.hpp"
#include "pinned.hpp"
#include <algorithm>
#include <larder/index/claims.hpp>

// What a path is where suites stay at a state: by that state's own indices, whatever the archive says now.

namespace larder::net {
namespace {

error not_named(const pinned_view& view, std::string_view path) {
    return {errc::absent, std::string{path} + ": no index of " + view.what() + " names it"};
}

/// Reads a stored index for one path.
result<pinned_view::found> look_in(store::store& store, const index_wanted& index, std::string_view path) {
    LARDER_TRY(const auto plain, open_index(store, index));
    pinned_view::found found;
    const auto take = [&](std::string_view named, const digest& content, std::uint64_t size) {
        if (named == path && content != index::no_usable_hash) found = {true, content, size};
    };
    LARDER_CHECK(index::scan(index.kind, *plain, index.base, take));
    return found;
}

/// What a view shows must be had, wherever it still is.
void from_anywhere(fetch_order& order, const pinned_view& view) {
    order.rescue = true;
    order.moments = view.moments();
}

void from_anywhere(std::vector<index_wanted>& indices, const pinned_view& view) {
    for (auto& index : indices) {
        from_anywhere(index.order, view);
        for (auto& form : index.also) from_anywhere(form.order, view);
    }
}

}  // namespace

resolution archive::resolve_pinned(const pinned_view& view, std::string_view path) {
    auto what = find_pinned(view, path);
    if (auto* fetch = std::get_if<fetch_object>(&what)) from_anywhere(fetch->order, view);
    if (auto* learn = std::get_if<learn_indices>(&what)) from_anywhere(learn->indices, view);
    if (auto* look = std::get_if<look_in_indices>(&what)) from_anywhere(look->indices, view);
    return what;
}

resolution archive::find_pinned(const pinned_view& view, std::string_view path) {
    place where;
    for (const auto& one : view.suites()) consider(where, one, path);
    if (!where.in && path.starts_with("dists/"))
        return error{errc::absent, std::string{path} + ": " + view.what() + " has no such suite"};
    if (!where.in)
        return resolve_pinned_file(view, path, [&](which of_them) { return pool_indices(view, path, of_them); });
    auto& in = *where.in;
    const auto state = in.current();
    if (is_release_name(where.rest)) {
        auto what = resolve_release_file(in, where.rest, asked::already);
        if (!std::holds_alternative<ask_companions>(what)) return what;
        return error{errc::absent, std::string{path} + ": of this state only InRelease is here"};
    }
    if (const auto* file = state->by_path(where.rest)) return deliver_file(in, *state, *file, false);
    if (where.rest.find("by-hash/") != std::string_view::npos) return resolve_by_hash(in, where.rest);
    return resolve_pinned_file(view, path,
                               [&](which of_them) { return smaller_indices(in, *state, where.rest, of_them); });
}

std::vector<index_wanted> archive::pool_indices(const pinned_view& view, std::string_view path, which of_them) const {
    const auto& own = view.architectures();
    return pool_indices(view.suites(), own.empty() ? options_.architectures : own, path, of_them);
}

bool archive::is_current_index(const digest& content) const {
    const auto hex = content.hex();
    for (const auto& s : known_suites())
        if (const auto state = s->current(); state && state->by_hash("SHA256", hex) != nullptr) return true;
    return false;
}

resolution archive::resolve_pinned_file(const pinned_view& view, std::string_view path, const naming& by) {
    if (const auto known = view.remembered(path))
        return known->named ? deliver(known->content, known->size, {std::string{path}}, true)
                            : resolution{not_named(view, path)};
    const auto naming_it = by(which::all);
    if (naming_it.empty()) return not_named(view, path);
    std::vector<index_wanted> here;
    for (auto& index : by(which::unread)) {
        if (!is_readable(index)) continue;
        // What is served live goes by the states there are now.
        index.former = !is_current_index(index.order.content);
        here.push_back(std::move(index));
    }
    if (!here.empty()) return learn_indices{std::move(here)};
    bool all_read = true;
    for (const auto& index : naming_it) {
        const auto known = parts_.store.known().knows_index(options_.name, index.key);
        if (!known) return known.error();
        all_read = all_read && *known;
    }
    // What the archive says elsewhere, of another state, is no answer for an index that was not read.
    if (!all_read) return look_in_indices{naming_it};
    const auto claims = parts_.store.known().find(options_.name, path);
    if (!claims) return claims.error();
    if (claims->empty()) return not_named(view, path);
    const auto first = usable(*claims);
    const bool one_content = std::all_of(claims->begin(), claims->end(), [&](const store::claim& c) {
        return first == claims->end() || c.content == first->content;
    });
    if (!one_content) return look_in_indices{naming_it};
    if (first != claims->end()) view.remember(path, {true, first->content, first->size});
    return resolve_claims(*claims);
}

awaitable<result<void>> archive::look_up(std::shared_ptr<const pinned_view> view, std::string path,
                                         look_in_indices where, steady_point deadline) {
    pinned_view::found found;
    std::optional<error> trouble;
    // Those that are here first: with upstream gone they must do.
    std::stable_partition(where.indices.begin(), where.indices.end(),
                          [this](const index_wanted& one) { return is_readable(one); });
    for (const auto& index : where.indices) {
        result<void> brought;
        if (!is_readable(index)) brought = co_await bring(index.order);
        if (!brought) {
            if (!trouble) trouble = brought.error();
            continue;
        }
        // Not `this`: a reload may replace this archive while the work waits in the pool.
        auto looking =
            offload(parts_.pool, [&store = parts_.store, index, path] { return look_in(store, index, path); });
        const auto looked = co_await outcome<result<pinned_view::found>>::get(looking, deadline);
        if (!looked) co_return error{errc::timeout, "an index of archive '" + name() + "' is still being read"};
        if (!*looked) {
            if (!trouble) trouble = looked->error();
            continue;
        }
        found = **looked;
        if (found.named) break;
    }
    // What could not be looked at may be what names it.
    if (!found.named && trouble)
        co_return error{errc::upstream_down, "an index of " + view->what() + " could not be had: " + trouble->detail()};
    view->remember(path, found);
    co_return result<void>{};
}

/// Has an object here.
awaitable<result<void>> archive::bring(fetch_order order) {
    const auto here = parts_.store.objects().find(order.content);
    if (!here) co_return here.error();
    if (*here) co_return result<void>{};
    const auto coming = parts_.hub.get(order);
    const auto state = co_await flight::beyond(coming, store::unknown_size, no_deadline());
    if (state->now == flight::state::phase::failed) co_return state->why;
    auto stored = co_await fetch_hub::stored(coming, no_deadline());
    co_return stored;
}

}  // namespace larder::net
