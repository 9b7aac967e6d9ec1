#pragma once

#include "lmdb_env.hpp"
#include <larder/store/lists.hpp>

namespace larder::store {

/// Rows: of lists, key digest, value the digest of what it was made from and those of its chunks; of chunks, key
/// digest, value the bytes.
class list_table final : public list_store {
public:
    explicit list_table(lmdb_env& env) : env_{env} {}

    result<std::optional<std::vector<digest>>> find(const digest& list) const override;
    result<void> read(const std::vector<digest>& chunks,
                      const std::function<result<void>(std::string_view)>& take) const override;
    result<void> put(const digest& list, const digest& made_from, const std::vector<std::string>& chunks) override;
    result<void> each(const std::function<void(const digest&, const digest&)>& seen) const override;
    result<void> drop(const std::vector<digest>& lists) override;

private:
    lmdb_env& env_;
};

}  // namespace larder::store
