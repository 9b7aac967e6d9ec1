#include "ref_table.hpp"
#include "row.hpp"
#include <algorithm>

namespace larder::store {
namespace {

constexpr std::size_t longest_name = 400;
constexpr std::size_t longest_value = 64U << 10;

result<void> check_name(std::string_view name) {
    const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!name.empty() && name.size() <= longest_name && printable) return {};
    return error{errc::malformed, "a ref's name is 1 to 400 characters of printable ASCII without spaces"};
}

ref parse_row(std::string_view row) {
    if (row.size() < 8) throw lmdb_failure{0, "a row of the table refs is cut short: restore the database"};
    return {read_u64(row), std::string{row.substr(8)}};
}

result<void> apply(write_txn& txn, const ref_change& c) {
    const auto row = txn.get(table::refs, c.name);
    const std::uint64_t now = row ? parse_row(*row).version : 0;
    if (now != c.expected)
        return error{errc::conflict, "ref " + c.name + " is at version " + std::to_string(now) + ", not " +
                                         std::to_string(c.expected) + ": somebody else changed it first"};
    if (!c.value) {
        txn.remove(table::refs, c.name);
        return {};
    }
    std::string fresh;
    fresh.reserve(8 + c.value->size());
    append_u64(fresh, now + 1);
    fresh += *c.value;
    txn.put(table::refs, c.name, fresh);
    return {};
}

}  // namespace

result<std::optional<ref>> ref_table::get(std::string_view name) const {
    LARDER_CHECK(check_name(name));
    return env_.read([&](const read_txn& txn) -> result<std::optional<ref>> {
        const auto row = txn.get(table::refs, name);
        if (!row) return std::optional<ref>{};
        return std::optional{parse_row(*row)};
    });
}

result<std::vector<std::pair<std::string, ref>>> ref_table::list(std::string_view prefix) const {
    std::vector<std::pair<std::string, ref>> found;
    env_.read([&](const read_txn& txn) {
        txn.walk(table::refs, prefix, [&](std::string_view name, std::string_view row) {
            if (!name.starts_with(prefix)) return false;
            found.emplace_back(name, parse_row(row));
            return true;
        });
    });
    return found;
}

result<void> ref_table::change(const std::vector<ref_change>& changes) {
    for (const auto& c : changes) {
        LARDER_CHECK(check_name(c.name));
        if (c.value && c.value->size() > longest_value)
            return error{errc::too_large, "the value of ref " + c.name + " is over 64 KiB: keep it as an object"};
    }
    if (changes.empty()) return {};
    return env_.write([&](write_txn& txn) -> result<void> {
        for (const auto& c : changes) LARDER_CHECK(apply(txn, c));
        return {};
    });
}

}  // namespace larder::store
