#include "kept_chunks.hpp"
#include "archive_paths.hpp"
#include "commit_and_wait.hpp"
#include "index_reader.hpp"
#include <larder/base/text.hpp>
#include <larder/pockets/published_index.hpp>

namespace larder::net {
namespace {

constexpr std::string_view kept_note = "indices-kept/";
constexpr std::string_view is_kept = "1", look_again = "0";

std::string prefix_of(const digest& content) { return std::string{chunks_prefix} + content.hex() + "/"; }

std::optional<chunk_ref> parse(const std::string& name, const store::ref& ref) {
    const auto parts = split(std::string_view{name}.substr(chunks_prefix.size()), '/');
    if (parts.size() != 2) return {};
    const auto content = digest::from_hex(parts[0]), object = digest::from_hex(parts[1]);
    if (!content || !object || ref.value != object->hex()) return {};
    return chunk_ref{name, ref.version, *content, *object};
}

result<index::chunk_list> list_in(const store::object_store& objects, const digest& object) {
    LARDER_TRY(const auto fd, objects.open(object));
    return index::read_chunk_list(fd.get());
}

result<std::vector<digest>> missing_of(const store::object_store& objects, const index::chunk_list& list) {
    std::vector<digest> missing;
    for (const auto& pack : list.packs) {
        LARDER_TRY(const auto here, objects.find(pack));
        if (!here) missing.push_back(pack);
    }
    return missing;
}

result<index::known_chunks> chunks_of(store::store& s, const std::vector<digest>& indices) {
    index::known_chunks known;
    for (const auto& one : indices) {
        LARDER_TRY(const auto found, find_chunks(s, one));
        if (found) index::add_chunks(known, found->object, found->list);
    }
    return known;
}

/// The one visible step: gc looks at the refs again, and what the list names is here.
result<void> name_it(engine_parts& parts, const digest& content, const digest& object) {
    const std::lock_guard lock{parts.refs_mutex};
    const chunk_ref one{prefix_of(content) + object.hex(), 0, content, object};
    LARDER_TRY(const auto there, parts.store.refs().get(one.name));
    if (there) return {};
    LARDER_TRY(const auto missing, missing_files(parts.store.objects(), one));
    if (!missing.empty()) return error{errc::conflict, "chunks of an index were removed meanwhile"};
    ++parts.refs_changed;
    return parts.store.refs().change({{one.name, 0, object.hex()}});
}

}  // namespace

bool is_kept_as_chunks(std::string_view path) {
    const auto kind = index::kind_of(path);
    if (kind == index::index_kind::packages || kind == index::index_kind::sources) return true;
    return file_name(folder_name(path)) == "i18n" && file_name(path).starts_with("Translation-");
}

const index::release_file* plain_form(const suite_state& state, std::string_view path) {
    if (!is_kept_as_chunks(path) && !file_name(path).starts_with("Contents-")) return nullptr;
    const auto* plain = state.by_path(index::without_compression(path));
    return plain != nullptr && plain->sha256 ? plain : nullptr;
}

bool has_chunks(const store::ref_store& refs, const digest& content) {
    const auto found = refs.list(prefix_of(content));
    return found && !found->empty();
}

result<std::vector<chunk_ref>> chunk_refs(const store::ref_store& refs, const digest* content) {
    std::vector<chunk_ref> all;
    LARDER_TRY(const auto found, refs.list(content != nullptr ? prefix_of(*content) : std::string{chunks_prefix}));
    for (const auto& [name, ref] : found)
        if (auto one = parse(name, ref)) all.push_back(std::move(*one));
    return all;
}

result<std::vector<digest>> missing_files(const store::object_store& objects, const chunk_ref& of) {
    const auto list = list_in(objects, of.object);
    // Its own bytes are wrong, or not here; anything else may be gone at the next try.
    if (!list && list.error().code() != errc::absent && list.error().code() != errc::malformed) return list.error();
    if (!list || list->content != of.content) return std::vector<digest>{of.object};
    return missing_of(objects, *list);
}

result<std::optional<found_chunks>> find_chunks(store::store& s, const digest& content) {
    LARDER_TRY(const auto refs, chunk_refs(s.refs(), &content));
    std::optional<found_chunks> found;
    for (const auto& one : refs) {
        auto list = list_in(s.objects(), one.object);
        if (!list || list->content != content) continue;
        LARDER_TRY(const auto missing, missing_of(s.objects(), *list));
        if (!missing.empty()) continue;
        // Of one that was published with an .xz and without, the list that has all forms.
        const bool whole = !list->chunks.empty() && list->chunks.front().xz != 0;
        if (!found || whole) found = found_chunks{one.object, std::move(*list)};
        if (whole) break;
    }
    return found;
}

result<std::unique_ptr<index::byte_source>> open_chunks(store::store& s, const digest& content) {
    LARDER_TRY(auto found, find_chunks(s, content));
    if (!found) return error{errc::absent, "the index " + content.hex() + " is not kept as chunks, or not all of it"};
    return index::join_chunks(std::move(found->list), found->object,
                              [&s](const digest& file) { return s.objects().open(file); });
}

result<std::uint64_t> keep_as_chunks(engine_parts& parts, const digest& content, const digest& form,
                                     std::string_view path, const std::vector<digest>& like) {
    auto& objects = parts.store.objects();
    LARDER_TRY(const auto there, find_chunks(parts.store, content));
    if (there) return std::uint64_t{0};
    LARDER_TRY(const auto info, objects.find(form));
    if (!info) return error{errc::absent, "object " + form.hex() + " is not here"};
    LARDER_TRY(const auto known, chunks_of(parts.store, like));
    LARDER_TRY(const auto plain, open_index(objects, form, path));
    LARDER_TRY(auto file, objects.begin());
    LARDER_TRY(const auto list, index::pack_chunks(*plain, known, [&](std::string_view bytes) -> result<void> {
                   return file->append(bytes);
               }));
    if (list.content != content)
        return error{errc::digest_mismatch, std::string{path} + " is not what its Release says, uncompressed"};
    const auto size = file->size();
    const auto name = file->finish();
    // What is put together of it will have this date, each time the same.
    LARDER_TRY(const auto object, commit_and_wait(objects, std::move(file), name, info->modified));
    LARDER_CHECK(name_it(parts, content, object));
    return size;
}

bool indices_are_kept(const store::catalogue& known, const digest& state) {
    const auto note = known.get_note(std::string{kept_note} + state.hex());
    return note && *note && **note == is_kept;
}

result<void> note_indices_kept(store::catalogue& known, const digest& state) {
    return known.put_note(std::string{kept_note} + state.hex(), is_kept);
}

result<void> index_of_state_came(store::catalogue& known, const digest& state) {
    if (!indices_are_kept(known, state)) return {};
    return known.put_note(std::string{kept_note} + state.hex(), look_again);
}

namespace {

result<void> join_plain(store::store& s, const found_chunks& found, store::incoming& to) {
    const auto plain =
        index::join_chunks(found.list, found.object, [&s](const digest& file) { return s.objects().open(file); });
    for (;;) {
        LARDER_TRY(const auto piece, plain->next());
        if (piece.empty()) return {};
        LARDER_CHECK(to.append(piece));
    }
}

bool has_xz(const index::chunk_list& list) { return list.chunks.empty() || list.chunks.front().xz != 0; }

/// Which compression has the hash is not noted: the one that has it is the one.
result<void> join_form(store::store& s, const found_chunks& found, const digest& form, store::incoming& to) {
    const pockets::object_opener open = [&s](const digest& file) { return s.objects().open(file); };
    for (const auto which : {pockets::form::gzip, pockets::form::zstd, pockets::form::xz}) {
        if (which == pockets::form::xz && !has_xz(found.list)) break;
        hasher hash;
        LARDER_CHECK(to.restart());
        LARDER_CHECK(pockets::splice({found.list, found.object}, which, open, [&](std::string_view piece) {
            hash.update(piece);
            return to.append(piece);
        }));
        if (hash.finish() == form) return {};
    }
    return error{errc::digest_mismatch, "the chunks of the index " + found.list.content.hex() + " have no such form"};
}

}  // namespace

result<void> join_to_object(store::store& s, const digest& content, const digest& form) {
    LARDER_TRY(const auto here, s.objects().find(form));
    if (here) return {};
    LARDER_TRY(const auto found, find_chunks(s, content));
    if (!found) return error{errc::absent, "the index " + content.hex() + " is not kept as chunks, or not all of it"};
    LARDER_TRY(const auto info, s.objects().find(found->object));
    if (!info) return error{errc::absent, "chunks of an index were removed meanwhile"};
    LARDER_TRY(auto file, s.objects().begin());
    LARDER_CHECK(form == content ? join_plain(s, *found, *file) : join_form(s, *found, form, *file));
    LARDER_TRY(const auto kept, commit_and_wait(s.objects(), std::move(file), form, info->modified));
    static_cast<void>(kept);
    return {};
}

}  // namespace larder::net
