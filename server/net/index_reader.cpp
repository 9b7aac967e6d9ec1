#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include <larder/index/claims.hpp>

namespace larder::net {
namespace {

constexpr std::uint64_t most_uncompressed = 2ULL << 30;

}  // namespace

digest index_key(const digest& content, std::string_view base) {
    if (base.empty()) return content;
    return sha256(content.hex() + " " + std::string{base});
}

result<std::unique_ptr<index::byte_source>> open_index(const store::object_store& objects, const digest& content,
                                                       std::string_view path) {
    LARDER_TRY(auto file, objects.open(content));
    return index::decompress(index::file_source(std::move(file)), index::compression_of(path), most_uncompressed);
}

result<std::unique_ptr<index::byte_source>> open_index(store::store& store, const index_wanted& index) {
    auto whole = open_index(store.objects(), index.order.content, index.path);
    // Its key is the hash of its uncompressed form, where its paths count from the archive's root.
    if (whole || whole.error().code() != errc::absent || !index.base.empty() || !has_chunks(store.refs(), index.key))
        return whole;
    return open_chunks(store, index.key);
}

result<std::uint64_t> read_index(store::store& store, std::string_view archive, const index_wanted& index) {
    const auto where = std::string{archive} + "/" + index.path;
    LARDER_TRY(const auto known, store.known().knows_index(archive, index.key));
    if (known && !index.again) return 0;
    auto plain = open_index(store, index);
    if (!plain) return plain.error().in(where);
    std::vector<store::claim> claims;
    const auto take = [&](std::string_view path, const digest& content, std::uint64_t size) {
        claims.push_back({std::string{path}, content, size});
    };
    const auto ahead = index::read_ahead(std::move(*plain));
    const auto read = index::scan(index.kind, *ahead, index.base, take);
    if (!read) return read.error().in(where);
    LARDER_CHECK(store.known().learn(archive, index.key, std::move(claims),
                                     index.former ? store::claims_are::earlier : store::claims_are::latest));
    return read->skipped + read->unsupported;
}

}  // namespace larder::net
