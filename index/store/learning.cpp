#include "learning.hpp"
#include "row.hpp"
#include <algorithm>
#include <cstring>

namespace larder::store {
namespace {

constexpr std::size_t claim_size = 32 + 8;
// Of a path that changes with every state of a suite the older ones are in their snapshots.
constexpr std::size_t most_claims = 16;

std::array<char, claim_size> claim_row(const claim& c) {
    std::string size;
    append_u64(size, c.size);
    std::array<char, claim_size> row{};
    std::memcpy(row.data(), c.content.bytes.data(), 32);
    std::memcpy(row.data() + 32, size.data(), 8);
    return row;
}

/// A hasher that is used again is twice as fast as a new one for every path.
std::array<char, 16> hash_path(hasher& running, std::string_view path) {
    running.update(path);
    const auto d = running.finish();
    std::array<char, 16> hash{};
    std::memcpy(hash.data(), d.bytes.data(), hash.size());
    return hash;
}

path_key join(std::uint32_t archive, const std::array<char, 16>& hash) {
    path_key key{};
    const auto number = key_u32(archive);
    std::memcpy(key.data(), number.data(), 4);
    std::memcpy(key.data() + 4, hash.data(), 16);
    return key;
}

/// `fresh` in front, once, and no more than most_claims.
std::string in_front(std::string_view fresh, std::string_view old) {
    std::string row{fresh};
    for (std::size_t i = 0; i + claim_size <= old.size() && row.size() < most_claims * claim_size; i += claim_size) {
        const auto one = old.substr(i, claim_size);
        if (one != fresh) row += one;
    }
    return row;
}

/// `late` behind the others, unless it is among them or there are most_claims.
std::string behind(std::string_view late, std::string_view old) {
    for (std::size_t i = 0; i + claim_size <= old.size(); i += claim_size)
        if (old.substr(i, claim_size) == late) return std::string{old};
    std::string row{old};
    if (row.size() < most_claims * claim_size) row += late;
    return row;
}

}  // namespace

std::optional<std::uint32_t> archive_number(const read_txn& txn, std::string_view archive) {
    const auto row = txn.get(table::archives, archive);
    if (!row || row->size() != 4) return std::nullopt;
    std::uint32_t n = 0;
    for (const char c : *row) n = (n << 8) | static_cast<std::uint8_t>(c);
    return n;
}

std::uint32_t number_archive(write_txn& txn, std::string_view archive) {
    if (const auto known = archive_number(txn, archive)) return *known;
    // Archives are never taken out one by one, so the count is the next free number.
    const auto n = static_cast<std::uint32_t>(txn.rows(table::archives) + 1);
    txn.put(table::archives, archive, key_view(key_u32(n)));
    return n;
}

path_key make_path_key(std::uint32_t archive, std::string_view path) {
    hasher running;
    return join(archive, hash_path(running, path));
}

content_key make_content_key(const digest& d, std::uint32_t archive) {
    content_key key{};
    const auto number = key_u32(archive);
    std::memcpy(key.data(), d.bytes.data(), 32);
    std::memcpy(key.data() + 32, number.data(), 4);
    return key;
}

std::vector<claim> parse_claims(std::string_view row, std::string_view path) {
    std::vector<claim> claims;
    for (; row.size() >= claim_size; row.remove_prefix(claim_size)) {
        claim c;
        c.path = path;
        std::memcpy(c.content.bytes.data(), row.data(), 32);
        c.size = read_u64(row.substr(32));
        claims.push_back(std::move(c));
    }
    return claims;
}

sorted_claims::sorted_claims(const std::vector<claim>& claims) {
    paths_.reserve(claims.size());
    contents_.reserve(claims.size());
    hasher running;
    for (const auto& c : claims) {
        paths_.push_back({hash_path(running, c.path), &c});
        contents_.push_back(&c);
    }
    std::stable_sort(paths_.begin(), paths_.end(), [](const by_path& a, const by_path& b) { return a.hash < b.hash; });
    // Content that has several paths is kept with the first of them by name: the same index always
    // leaves the same row.
    std::sort(contents_.begin(), contents_.end(), [](const claim* a, const claim* b) {
        return a->content != b->content ? a->content < b->content : a->path < b->path;
    });
    const auto same = [](const claim* a, const claim* b) { return a->content == b->content; };
    contents_.erase(std::unique(contents_.begin(), contents_.end(), same), contents_.end());
}

void sorted_claims::store(write_txn& txn, std::uint32_t archive, claims_are rank) {
    store_paths(txn, archive, rank);
    store_contents(txn, archive, rank);
}

void sorted_claims::store_paths(write_txn& txn, std::uint32_t archive, claims_are rank) const {
    for (const auto& [hash, what] : paths_) {
        const auto key = join(archive, hash);
        const auto row = claim_row(*what);
        const auto old = txn.put_new(table::paths, key_view(key), key_view(row));
        if (!old || old->starts_with(key_view(row))) continue;
        txn.put(table::paths, key_view(key),
                rank == claims_are::latest ? in_front(key_view(row), *old) : behind(key_view(row), *old));
    }
}

void sorted_claims::store_contents(write_txn& txn, std::uint32_t archive, claims_are rank) const {
    std::string row;
    for (const claim* what : contents_) {
        row.clear();
        append_u64(row, what->size);
        row += what->path;
        const auto key = make_content_key(what->content, archive);
        const auto old = txn.put_new(table::contents, key_view(key), row);
        if (old && *old != row && rank == claims_are::latest) txn.put(table::contents, key_view(key), row);
    }
}

}  // namespace larder::store
