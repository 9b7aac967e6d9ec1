#pragma once

#include "lmdb_env.hpp"
#include <larder/store/catalogue.hpp>
#include <unordered_map>

namespace larder::store {

/// The catalogue as tables:
///
///     archives   name -> its number (u32, big-endian)
///     paths      number, first 16 bytes of SHA-256(path) -> claims, latest first: (digest, size)…
///     contents   digest, number -> size, path
///     indices    number, digest -> count of claims (u64)
///     uses       digest -> seconds (u64)
///     notes      key -> value
///
/// and what clears the derived tables, those of lists (list_table.hpp) among them.
class catalogue_table final : public catalogue {
public:
    explicit catalogue_table(lmdb_env& env) : env_{env} {}

    result<bool> knows_index(std::string_view archive, const digest& index) const override;
    result<void> learn(std::string_view archive, const digest& index, std::vector<claim> claims,
                       claims_are rank) override;
    result<std::vector<claim>> find(std::string_view archive, std::string_view path) const override;
    result<std::vector<origin>> origins(const digest&) const override;
    void used(const digest&, sys_seconds now) override;
    result<void> flush_uses() override;
    result<std::optional<sys_seconds>> last_use(const digest&) const override;
    result<void> forget_uses(const std::vector<digest>&) override;
    result<std::optional<std::string>> get_note(std::string_view key) const override;
    result<void> put_note(std::string_view key, std::string_view value) override;
    result<void> clear() override;

private:
    using use_map = std::unordered_map<digest, sys_seconds, digest_hash>;

    lmdb_env& env_;
    mutable std::mutex uses_mutex_;
    use_map uses_;  ///< not written yet
};

}  // namespace larder::store
