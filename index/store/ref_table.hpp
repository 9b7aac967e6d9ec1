#pragma once

#include "lmdb_env.hpp"
#include <larder/store/refs.hpp>

namespace larder::store {

/// Refs as rows of the table `refs`: name -> version (8 bytes, little-endian) and value.
class ref_table final : public ref_store {
public:
    explicit ref_table(lmdb_env& env) : env_{env} {}

    result<std::optional<ref>> get(std::string_view name) const override;
    result<std::vector<std::pair<std::string, ref>>> list(std::string_view prefix) const override;
    result<void> change(const std::vector<ref_change>&) override;

private:
    lmdb_env& env_;
};

}  // namespace larder::store
