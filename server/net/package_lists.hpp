#pragma once

#include <functional>
#include <larder/index/package_list.hpp>
#include <larder/index/release.hpp>
#include <larder/store/store.hpp>
#include <optional>
#include <vector>

// What indices list, read once and kept (store::list_store). All of it blocks.

namespace larder::net {

/// Packages or Sources as a Release names it, in all its compressions.
struct listed_index {
    std::vector<const index::release_file*> forms;
    const index::release_file* here = nullptr;  ///< the smallest form that is here, if one is
};

enum class lists { as_kept, made_anew };

/// The chunks (package_list.hpp) of what an index lists. One that is not kept is made of the index, which is read whole
/// for it (a second for the largest), and kept. It is made of the index's chunks where only these are
/// here. Nothing when the index is not here either; `digest_mismatch` when it is
/// damaged.
result<std::optional<std::vector<digest>>> list_of(store::store& store, const listed_index& index,
                                                   lists which = lists::as_kept);

/// Hands over every package of an index, in its order, each once and valid during the call, which must not use the
/// store. False, before any, when neither list nor index is here.
result<bool> each_listed(store::store& store, const listed_index& index,
                         const std::function<void(const index::listed_package&)>& sink);

/// What compare_chunks() says of these lists.
result<std::vector<index::package_change>> compare_lists(store::store& store, const std::vector<digest>& before,
                                                         const std::vector<digest>& after);

/// Whether lists may be made anew after this: a part of one was dropped meanwhile, or is not what it was.
bool list_is_broken(const error& why) noexcept;

/// Drops what was read out of indices that are not here any more.
result<void> drop_stale_lists(store::store& store);

}  // namespace larder::net
