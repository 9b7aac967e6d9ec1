#include "catalogue_table.hpp"
#include "learning.hpp"
#include "row.hpp"
#include <algorithm>

namespace larder::store {
namespace {

constexpr std::size_t longest_note = 1U << 20;

std::string index_key(std::uint32_t archive, const digest& index) {
    std::string key{key_view(key_u32(archive))};
    key += index.as_bytes();
    return key;
}

result<void> check_key(std::string_view key, const char* what) {
    if (!key.empty() && key.size() <= longest_key) return {};
    return error{errc::malformed, std::string{what} + " has 1 to 511 bytes"};
}

}  // namespace

result<bool> catalogue_table::knows_index(std::string_view archive, const digest& index) const {
    return env_.read([&](const read_txn& txn) -> result<bool> {
        const auto number = archive_number(txn, archive);
        return number && txn.get(table::indices, index_key(*number, index)).has_value();
    });
}

result<void> catalogue_table::learn(std::string_view archive, const digest& index, std::vector<claim> claims,
                                    claims_are rank) {
    LARDER_CHECK(check_key(archive, "an archive's name"));
    sorted_claims sorted{claims};
    return env_.write([&](write_txn& txn) -> result<void> {
        const auto number = number_archive(txn, archive);
        sorted.store(txn, number, rank);
        std::string count;
        append_u64(count, claims.size());
        txn.put(table::indices, index_key(number, index), count);
        return {};
    });
}

result<std::vector<claim>> catalogue_table::find(std::string_view archive, std::string_view path) const {
    return env_.read([&](const read_txn& txn) -> result<std::vector<claim>> {
        const auto number = archive_number(txn, archive);
        if (!number) return std::vector<claim>{};
        const auto row = txn.get(table::paths, key_view(make_path_key(*number, path)));
        if (!row) return std::vector<claim>{};
        return parse_claims(*row, path);
    });
}

result<std::vector<origin>> catalogue_table::origins(const digest& d) const {
    return env_.read([&](const read_txn& txn) -> result<std::vector<origin>> {
        std::vector<origin> found;
        txn.walk(table::archives, {}, [&](std::string_view archive, std::string_view) {
            const auto number = archive_number(txn, archive);
            if (!number) return true;
            const auto row = txn.get(table::contents, key_view(make_content_key(d, *number)));
            if (row && row->size() >= 8)
                found.push_back({std::string{archive}, std::string{row->substr(8)}, read_u64(*row)});
            return true;
        });
        return found;
    });
}

void catalogue_table::used(const digest& d, sys_seconds now) {
    const std::lock_guard lock{uses_mutex_};
    uses_[d] = now;
}

result<void> catalogue_table::flush_uses() {
    use_map pending;
    {
        const std::lock_guard lock{uses_mutex_};
        pending.swap(uses_);
    }
    if (pending.empty()) return {};
    std::vector<std::pair<digest, sys_seconds>> sorted{pending.begin(), pending.end()};
    std::sort(sorted.begin(), sorted.end());
    auto written = env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& [d, when] : sorted) {
            std::string row;
            append_u64(row, static_cast<std::uint64_t>(when.time_since_epoch().count()));
            txn.put(table::uses, d.as_bytes(), row);
        }
        return {};
    });
    if (!written) {
        const std::lock_guard lock{uses_mutex_};
        uses_.merge(pending);  // what was noted meanwhile is newer and stays
    }
    return written;
}

result<std::optional<sys_seconds>> catalogue_table::last_use(const digest& d) const {
    {
        const std::lock_guard lock{uses_mutex_};
        if (const auto it = uses_.find(d); it != uses_.end()) return std::optional{it->second};
    }
    return env_.read([&](const read_txn& txn) -> result<std::optional<sys_seconds>> {
        const auto row = txn.get(table::uses, d.as_bytes());
        if (!row || row->size() < 8) return std::optional<sys_seconds>{};
        return std::optional{sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(read_u64(*row))}}};
    });
}

result<void> catalogue_table::forget_uses(const std::vector<digest>& all) {
    if (all.empty()) return {};
    {
        const std::lock_guard lock{uses_mutex_};
        for (const auto& d : all) uses_.erase(d);
    }
    return env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& d : all) txn.remove(table::uses, d.as_bytes());
        return {};
    });
}

result<std::optional<std::string>> catalogue_table::get_note(std::string_view key) const {
    LARDER_CHECK(check_key(key, "a note's key"));
    return env_.read([&](const read_txn& txn) -> result<std::optional<std::string>> {
        const auto value = txn.get(table::notes, key);
        if (!value) return std::optional<std::string>{};
        return std::optional{std::string{*value}};
    });
}

result<void> catalogue_table::put_note(std::string_view key, std::string_view value) {
    LARDER_CHECK(check_key(key, "a note's key"));
    if (value.size() > longest_note) return error{errc::too_large, "a note has at most 1 MiB: keep it as an object"};
    return env_.write([&](write_txn& txn) -> result<void> {
        txn.put(table::notes, key, value);
        return {};
    });
}

result<void> catalogue_table::clear() {
    const std::lock_guard lock{uses_mutex_};
    auto cleared = env_.write([&](write_txn& txn) -> result<void> {
        for (const auto t : {table::archives, table::paths, table::contents, table::indices, table::uses, table::notes,
                             table::lists, table::chunks})
            txn.clear(t);
        return {};
    });
    if (cleared) uses_.clear();
    return cleared;
}

}  // namespace larder::store
