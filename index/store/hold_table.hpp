#pragma once

#include "lmdb_env.hpp"
#include <larder/store/holds.hpp>

namespace larder::store {

/// Rows: key "HOLDER/" and 32 bytes of digest; value the size (u64) and "ARCHIVE/PATH".
class hold_table final : public hold_store {
public:
    explicit hold_table(lmdb_env& env) : env_{env} {}

    result<void> add(std::string_view holder, const std::vector<held_object>& objects) override;
    result<void> drop(std::string_view holder) override;
    result<bool> holds(std::string_view holder, const digest& content) const override;
    result<void> each(std::string_view holder,
                      const std::function<void(std::string_view, const held_object&)>& seen) const override;

private:
    lmdb_env& env_;
};

}  // namespace larder::store
