#include "package_lists.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include <algorithm>

namespace larder::net {
namespace {

/// Another format has other names, so that no Larder finds the lists of another that packs otherwise.
digest name_of(const index::release_file& form) {
    const auto kind = index::kind_of(form.path) == index::index_kind::sources ? "sources " : "packages ";
    return sha256(kind + std::to_string(index::packed_format) + " " + form.sha256->hex());
}

bool is_plain(const index::release_file& form) { return index::compression_of(form.path) == index::compression::none; }

/// What the list of an index is called: by the index itself, or where the Release does not name it so, or wrongly, by
/// the form that it was read from.
result<digest> name_for(const store::object_store& objects, const listed_index& index, const digest& content) {
    for (const auto* form : index.forms)
        if (is_plain(*form) && *form->sha256 == content) return name_of(*form);
    LARDER_TRY(auto file, objects.open(*index.here->sha256));
    index::hashing_source bytes{index::file_source(std::move(file))};
    for (;;) {
        LARDER_TRY(const auto piece, bytes.next());
        if (piece.empty()) break;
    }
    if (bytes.finish() == *index.here->sha256) return name_of(*index.here);
    return error{errc::digest_mismatch, "its file is damaged: larder doctor repairs it"};
}

/// What is packed of an index, and its hash.
struct packed_list {
    std::vector<std::string> chunks;
    std::vector<digest> names;
    digest content{};
};
result<packed_list> pack_all(index::index_kind kind, std::unique_ptr<index::byte_source> plain) {
    packed_list made;
    index::hashing_source in{index::read_ahead(std::move(plain))};
    LARDER_CHECK(index::pack_index(kind, in, [&](std::string&& packed) {
        made.names.push_back(sha256(packed));
        made.chunks.push_back(std::move(packed));
    }));
    made.content = in.finish();
    return made;
}

result<std::vector<digest>> make_list(store::store& store, const listed_index& index) {
    const auto& here = *index.here;
    LARDER_TRY(auto plain, open_index(store.objects(), *here.sha256, here.path));
    LARDER_TRY(auto made, pack_all(index::kind_of(here.path), std::move(plain)));
    LARDER_TRY(const auto name, name_for(store.objects(), index, made.content));
    LARDER_CHECK(store.lists().put(name, *here.sha256, made.chunks));
    return std::move(made.names);
}

/// Of an index that is kept as chunks only; nothing when it is not.
result<std::optional<std::vector<digest>>> list_from_chunks(store::store& store, const listed_index& index) {
    const auto plain = std::find_if(index.forms.begin(), index.forms.end(), [](const auto* f) { return is_plain(*f); });
    if (plain == index.forms.end() || !has_chunks(store.refs(), *(*plain)->sha256))
        return std::optional<std::vector<digest>>{};
    LARDER_TRY(const auto kept, find_chunks(store, *(*plain)->sha256));
    if (!kept) return std::optional<std::vector<digest>>{};
    LARDER_TRY(auto source, open_chunks(store, *(*plain)->sha256));
    LARDER_TRY(auto made, pack_all(index::kind_of((*plain)->path), std::move(source)));
    LARDER_CHECK(store.lists().put(name_of(**plain), kept->object, made.chunks));
    return std::optional{std::move(made.names)};
}

}  // namespace

result<std::optional<std::vector<digest>>> list_of(store::store& store, const listed_index& index, lists which) {
    for (const auto* form : index.forms) {
        if (which == lists::made_anew) break;
        LARDER_TRY(auto found, store.lists().find(name_of(*form)));
        if (found) return found;
    }
    if (index.here == nullptr) {
        auto kept = list_from_chunks(store, index);
        return kept ? std::move(kept) : kept.error().in(index.forms.front()->path);
    }
    auto made = make_list(store, index);
    if (!made) return made.error().in(index.here->path);
    return std::optional{std::move(*made)};
}

result<bool> each_listed(store::store& store, const listed_index& index,
                         const std::function<void(const index::listed_package&)>& sink) {
    std::uint64_t given = 0;
    for (const auto which : {lists::as_kept, lists::made_anew}) {
        LARDER_TRY(const auto chunks, list_of(store, index, which));
        if (!chunks && given == 0) return false;
        if (!chunks) break;
        std::uint64_t seen = 0;
        const auto take = [&](const index::listed_package& one) {
            if (++seen <= given) return;  // the second time: what is handed over already
            ++given;
            sink(one);
        };
        const auto how =
            store.lists().read(*chunks, [&](std::string_view packed) { return index::unpack(packed, take); });
        if (how) return true;
        if (!list_is_broken(how.error())) return how.error();
    }
    return error{errc::absent, "what it lists could not be read: try again"};
}

result<std::vector<index::package_change>> compare_lists(store::store& store, const std::vector<digest>& before,
                                                         const std::vector<digest>& after) {
    return index::compare_chunks(before, after,
                                 [&](const auto& names, const auto& take) { return store.lists().read(names, take); });
}

bool list_is_broken(const error& why) noexcept { return why.code() == errc::absent || why.code() == errc::malformed; }

result<void> drop_stale_lists(store::store& store) {
    std::vector<std::pair<digest, digest>> all;
    LARDER_CHECK(store.lists().each([&](const digest& list, const digest& from) { all.emplace_back(list, from); }));
    std::vector<digest> stale;
    for (const auto& [list, from] : all) {
        LARDER_TRY(const auto here, store.objects().find(from));
        if (!here) stale.push_back(list);
    }
    return store.lists().drop(stale);
}

}  // namespace larder::net
