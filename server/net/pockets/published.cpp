#include "kept_chunks.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <larder/index/chunk_pack.hpp>
#include <larder/net/suite_state.hpp>

// What publications have, read for those who make others.

namespace larder::net::publishing {
namespace {

index::index_kind kind_of(const std::string& path) { return index::kind_of(path); }

}  // namespace

result<std::vector<index::listed_package>> read_listed(index::index_kind kind, std::string_view text) {
    std::vector<index::listed_package> all;
    const auto in = index::memory_source(text);
    LARDER_TRY(const auto skipped,
               index::read_packages(kind, *in, [&](index::listed_package&& one) { all.push_back(std::move(one)); }));
    if (skipped != 0) return error{errc::malformed, "a stanza to be published lacks Package or Version"};
    return all;
}

pockets::registry registry_of(engine& e) { return pockets::registry{e.store().refs()}; }

pockets::object_opener opener_of(engine& e) {
    return [&e](const digest& name) { return e.store().objects().open(name); };
}

bool lists_packages(const std::string& path) { return kind_of(path) != index::index_kind::none; }

std::string index_path(const std::string& component, const std::string& architecture) {
    return component + (architecture == "source" ? "/source/Sources" : "/binary-" + architecture + "/Packages");
}

std::vector<std::string> index_paths(const pockets::pocket& of) {
    std::vector<std::string> all;
    for (const auto& component : of.components)
        for (const auto& architecture : of.architectures) all.push_back(index_path(component, architecture));
    return all;
}

result<known_indices> indices_of(engine& e, const pockets::publication& of) {
    known_indices all;
    const auto where = of.pocket + ", publication " + std::to_string(of.number);
    const auto state = load_state(e.store().objects(), of.snapshot);
    if (!state) return state.error().in(where);
    for (const auto& kept : of.indices) {
        known_index one{kept, 0, {}, {}, {}};
        const auto* plain = (*state)->by_path(kept.path);
        const auto* gzip = (*state)->by_path(kept.path + ".gz");
        const auto* zstd = (*state)->by_path(kept.path + ".zst");
        if (plain == nullptr || gzip == nullptr || zstd == nullptr || !gzip->sha256 || !zstd->sha256)
            return error{errc::malformed, where + ": its Release does not name " + kept.path};
        one.size = plain->size;
        one.gzip = {gzip->size, *gzip->sha256};
        one.zstd = {zstd->size, *zstd->sha256};
        if (const auto* xz = (*state)->by_path(kept.path + ".xz"); xz != nullptr && xz->sha256)
            one.xz = pockets::served_form{xz->size, *xz->sha256};
        all.emplace(kept.path, one);
    }
    return all;
}

result<pockets::placed_list> list_of(engine& e, const pockets::kept_index& of) {
    const auto read = [&]() -> result<pockets::placed_list> {
        LARDER_TRY(const auto fd, e.store().objects().open(of.object));
        LARDER_TRY(auto list, index::read_chunk_list(fd.get()));
        if (list.content != of.content) return error{errc::digest_mismatch, "its list of chunks is another index's"};
        return pockets::placed_list{std::move(list), of.object};
    };
    auto list = read();
    if (!list) return list.error().in(of.path + ", object " + of.object.hex());
    return list;
}

result<std::vector<index::listed_package>> packages_of(engine& e, const pockets::kept_index& of) {
    LARDER_TRY(auto placed, list_of(e, of));
    const auto in = index::join_chunks(std::move(placed.list), placed.object, opener_of(e));
    std::vector<index::listed_package> all;
    LARDER_TRY(const auto skipped, index::read_packages(kind_of(of.path), *in, [&](index::listed_package&& one) {
                   all.push_back(std::move(one));
               }));
    static_cast<void>(skipped);
    return all;
}

result<turn> turn::take(engine& e, const std::string& pocket) {
    LARDER_TRY(const auto named, pockets::parse_pocket_name(pocket));
    LARDER_CHECK(registry_of(e).find(pocket));  // turns are kept: no names that somebody made up
    std::unique_lock lock{e.keys().turn(named.archive)};
    LARDER_TRY(auto of, registry_of(e).find(pocket));
    return turn{std::move(lock), std::move(of)};
}

}  // namespace larder::net::publishing
