#include "hold_table.hpp"
#include "row.hpp"
#include <algorithm>
#include <cstring>

namespace larder::store {
namespace {

constexpr std::size_t longest_holder = 200;
constexpr std::size_t digest_bytes = 32;

result<std::string> prefix_of(std::string_view holder) {
    if (holder.empty() || holder.size() > longest_holder || holder.find('/') != std::string_view::npos)
        return error{errc::malformed, "who holds an object has a name of 1 to 200 bytes, without '/'"};
    return std::string{holder} + "/";
}

/// Both are this table's own; a row of another form is a broken database.
std::pair<std::string_view, held_object> parse_row(std::string_view key, std::string_view value) {
    const auto slash = key.find('/');
    if (slash == std::string_view::npos || key.size() != slash + 1 + digest_bytes || value.size() < 8)
        throw lmdb_failure{0, "a row of the table holds is cut short: restore the database"};
    held_object one;
    std::memcpy(one.content.bytes.data(), key.data() + slash + 1, digest_bytes);
    one.size = read_u64(value);
    const auto where = value.substr(8);
    const auto end = std::min(where.find('/'), where.size());
    one.archive = where.substr(0, end);
    one.path = where.substr(std::min(end + 1, where.size()));
    return {key.substr(0, slash), std::move(one)};
}

}  // namespace

result<void> hold_table::add(std::string_view holder, const std::vector<held_object>& objects) {
    LARDER_TRY(const auto prefix, prefix_of(holder));
    if (objects.empty()) return {};
    return env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& one : objects) {
            std::string row;
            append_u64(row, one.size);
            ((row += one.archive) += '/') += one.path;
            txn.put_new(table::holds, prefix + std::string{one.content.as_bytes()}, row);
        }
        return {};
    });
}

result<void> hold_table::drop(std::string_view holder) {
    LARDER_TRY(const auto prefix, prefix_of(holder));
    return env_.write([&](write_txn& txn) -> result<void> {
        std::vector<std::string> keys;
        txn.walk(table::holds, prefix, [&](std::string_view key, std::string_view) {
            if (!key.starts_with(prefix)) return false;
            keys.emplace_back(key);
            return true;
        });
        for (const auto& key : keys) txn.remove(table::holds, key);
        return {};
    });
}

result<bool> hold_table::holds(std::string_view holder, const digest& content) const {
    LARDER_TRY(const auto prefix, prefix_of(holder));
    return env_.read([&](const read_txn& txn) -> result<bool> {
        return txn.get(table::holds, prefix + std::string{content.as_bytes()}).has_value();
    });
}

result<void> hold_table::each(std::string_view holder,
                              const std::function<void(std::string_view, const held_object&)>& seen) const {
    std::string prefix;
    if (!holder.empty()) {
        LARDER_TRY(prefix, prefix_of(holder));
    }
    env_.read([&](const read_txn& txn) {
        txn.walk(table::holds, prefix, [&](std::string_view key, std::string_view value) {
            if (!key.starts_with(prefix)) return false;
            const auto [who, what] = parse_row(key, value);
            seen(who, what);
            return true;
        });
    });
    return {};
}

}  // namespace larder::store
