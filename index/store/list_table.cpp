#include "list_table.hpp"
#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace larder::store {
namespace {

constexpr std::size_t digest_bytes = sizeof digest::bytes;

digest digest_at(std::string_view row, std::size_t i) {
    digest d;
    std::memcpy(d.bytes.data(), row.data() + i * digest_bytes, digest_bytes);
    return d;
}

/// A row of another form is a broken database.
void check_row(std::string_view key, std::string_view row) {
    if (key.size() != digest_bytes || row.size() < digest_bytes || row.size() % digest_bytes != 0)
        throw lmdb_failure{0, "a row of the table lists is cut short: larder doctor --rebuild makes it anew"};
}

}  // namespace

result<std::optional<std::vector<digest>>> list_table::find(const digest& list) const {
    return env_.read([&](const read_txn& txn) -> result<std::optional<std::vector<digest>>> {
        const auto row = txn.get(table::lists, list.as_bytes());
        if (!row) return std::optional<std::vector<digest>>{};
        check_row(list.as_bytes(), *row);
        std::vector<digest> chunks(row->size() / digest_bytes - 1);
        for (std::size_t i = 0; i < chunks.size(); ++i) chunks[i] = digest_at(*row, i + 1);
        return std::optional{std::move(chunks)};
    });
}

result<void> list_table::read(const std::vector<digest>& chunks,
                              const std::function<result<void>(std::string_view)>& take) const {
    return env_.read([&](const read_txn& txn) -> result<void> {
        for (const auto& one : chunks) {
            const auto row = txn.get(table::chunks, one.as_bytes());
            if (!row) return error{errc::absent, "a part of a list of packages is not here any more"};
            LARDER_CHECK(take(*row));
        }
        return {};
    });
}

result<void> list_table::put(const digest& list, const digest& made_from, const std::vector<std::string>& chunks) {
    std::string row{made_from.as_bytes()};
    std::vector<std::pair<digest, const std::string*>> sorted;
    for (const auto& one : chunks) {
        sorted.emplace_back(sha256(one), &one);
        row += sorted.back().first.as_bytes();
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& [name, bytes] : sorted) {
            const auto old = txn.put_new(table::chunks, name.as_bytes(), *bytes);
            if (old && *old != *bytes) txn.put(table::chunks, name.as_bytes(), *bytes);
        }
        txn.put(table::lists, list.as_bytes(), row);
        return {};
    });
}

result<void> list_table::each(const std::function<void(const digest&, const digest&)>& seen) const {
    env_.read([&](const read_txn& txn) {
        txn.walk(table::lists, {}, [&](std::string_view key, std::string_view row) {
            check_row(key, row);
            seen(digest_at(key, 0), digest_at(row, 0));
            return true;
        });
    });
    return {};
}

result<void> list_table::drop(const std::vector<digest>& lists) {
    if (lists.empty()) return {};
    return env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& one : lists) txn.remove(table::lists, one.as_bytes());
        std::unordered_set<digest, digest_hash> named;
        txn.walk(table::lists, {}, [&](std::string_view key, std::string_view row) {
            check_row(key, row);
            for (std::size_t i = 1; i < row.size() / digest_bytes; ++i) named.insert(digest_at(row, i));
            return true;
        });
        std::vector<std::string> unnamed;
        txn.walk(table::chunks, {}, [&](std::string_view key, std::string_view) {
            if (key.size() != digest_bytes || !named.contains(digest_at(key, 0))) unnamed.emplace_back(key);
            return true;
        });
        for (const auto& key : unnamed) txn.remove(table::chunks, key);
        return {};
    });
}

}  // namespace larder::store
