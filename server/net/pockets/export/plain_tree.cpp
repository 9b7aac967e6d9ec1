#include "pockets/export/plain_tree.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>

namespace larder::net::publishing {
namespace {

using taker = std::function<result<void>(std::string_view)>;

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string{} : path.substr(0, slash + 1);
}

result<void> add_file(plain_tree& to, const std::string& path, tree_file file) {
    const auto [at, is_new] = to.emplace(path, std::move(file));
    if (is_new || at->second.content == file.content) return {};
    return error{errc::conflict, path + " would have to be two different files"};
}

result<std::unique_ptr<index::byte_source>> open_plain(engine& e, const index::release_file& file) {
    auto chunks = open_chunks(e.store(), *file.sha256);
    if (chunks || chunks.error().code() != errc::absent) return chunks;
    return open_index(e.store().objects(), *file.sha256, file.path);
}

/// What an index names, below the archive's root.
result<void> add_pool(engine& e, const index::release_file& file, plain_tree& to) {
    const auto kind = index::kind_of(file.path);
    if (kind != index::index_kind::packages && kind != index::index_kind::sources) return {};
    if (index::without_compression(file.path) != file.path) return {};
    LARDER_TRY(const auto in, open_plain(e, file));
    result<void> how;
    const auto take = [&](std::string_view path, const digest& content, std::uint64_t size) {
        tree_file one;
        one.size = size;
        one.content = content;
        if (how) how = add_file(to, std::string{path}, std::move(one));
    };
    LARDER_TRY(const auto read, index::scan(kind, *in, {}, take));
    LARDER_CHECK(how);
    if (read.skipped != 0 || read.unsupported != 0)
        return error{errc::malformed, "a stanza of it names a file that cannot be exported"};
    return {};
}

std::optional<pockets::form> form_of(std::string_view path) {
    switch (index::compression_of(path)) {
        case index::compression::gz: return pockets::form::gzip;
        case index::compression::zst: return pockets::form::zstd;
        case index::compression::xz: return pockets::form::xz;
        default: return {};
    }
}

result<void> add_index(const suite_state& state, const index::release_file& file, const std::string& below,
                       plain_tree& to) {
    tree_file one;
    one.part = tree_part::by_hash;
    one.size = file.size;
    one.content = *file.sha256;
    one.modified = state.manifest().date;
    if (const auto* plain = plain_form(state, file.path); plain != nullptr) one.plain = *plain->sha256;
    one.form = form_of(file.path);
    const auto by_hash = below + folder_of(file.path) + "by-hash/SHA256/" + file.sha256->hex();
    LARDER_CHECK(add_file(to, by_hash, one));
    one.part = tree_part::index;
    one.linked_to = by_hash;
    return add_file(to, below + file.path, std::move(one));
}

result<void> add_signed(const state_manifest& of, const std::string& below, plain_tree& to) {
    const auto add = [&](const char* name, tree_part part, const std::optional<stored_file>& stored) -> result<void> {
        if (!stored) return error{errc::malformed, std::string{"its state has no "} + name};
        tree_file one;
        one.part = part;
        one.size = stored->size;
        one.content = stored->content;
        one.modified = of.date;
        return add_file(to, below + name, std::move(one));
    };
    LARDER_CHECK(add("Release", tree_part::release, of.release));
    LARDER_CHECK(add("Release.gpg", tree_part::release_gpg, of.release_gpg));
    return add("InRelease", tree_part::in_release, of.in_release);
}

result<void> hand_over(index::byte_source& in, const taker& take) {
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) return {};
        LARDER_CHECK(take(piece));
    }
}

result<void> hand_over_index(engine& e, const tree_file& file, const taker& take) {
    if (!file.form) {
        LARDER_TRY(const auto in, open_chunks(e.store(), *file.plain));
        return hand_over(*in, take);
    }
    LARDER_TRY(auto found, find_chunks(e.store(), *file.plain));
    if (!found) return error{errc::absent, "the chunks of the index are not here; larder doctor may mend it"};
    return pockets::splice({std::move(found->list), found->object}, *file.form, opener_of(e), take);
}

result<void> hand_over_bytes(engine& e, const tree_file& file, const taker& take) {
    if (!file.text.empty()) return take(file.text);
    auto fd = e.store().objects().open(file.content);
    if (fd) return hand_over(*index::file_source(std::move(*fd)), take);
    if (fd.error().code() != errc::absent || !file.plain) return fd.error();
    return hand_over_index(e, file, take);
}

}  // namespace

result<void> add_suite(engine& e, const std::string& suite, const digest& state_id, plain_tree& to) {
    const auto read = [&]() -> result<void> {
        LARDER_TRY(const auto state, load_state(e.store().objects(), state_id));
        const auto below = "dists/" + suite + "/";
        for (const auto& file : state->release().files) {
            if (!file.sha256) return error{errc::malformed, file.path + " has no SHA-256"};
            LARDER_CHECK(add_index(*state, file, below, to));
            if (auto how = add_pool(e, file, to); !how) return how.error().in(file.path);
        }
        return add_signed(state->manifest(), below, to);
    };
    auto how = read();
    if (!how) return how.error().in(suite + ", state " + state_id.hex());
    return {};
}

void add_keys(engine& e, const std::string& archive, plain_tree& to) {
    tree_file one;
    one.part = tree_part::key;
    one.text = e.keys().published(archive);
    if (one.text.empty()) return;
    one.size = one.text.size();
    one.content = sha256(one.text);
    to.insert_or_assign("keys/" + archive + ".asc", std::move(one));
}

result<void> read_file_of(engine& e, const std::string& path, const tree_file& file, const taker& take) {
    hasher hash;
    std::uint64_t size = 0;
    auto how = hand_over_bytes(e, file, [&](std::string_view piece) {
        hash.update(piece);
        size += piece.size();
        return take(piece);
    });
    if (!how) return how.error().in(path);
    if (size != file.size || hash.finish() != file.content)
        return error{errc::digest_mismatch,
                     path + ": object " + file.content.hex() + " is damaged; larder doctor mends it"};
    return {};
}

}  // namespace larder::net::publishing
