#pragma once

#include "committer.hpp"

namespace larder::store {

/// open_file_objects with other system calls than the real ones; `ops` must outlive the store.
result<std::unique_ptr<object_store>> open_file_objects(const std::string& folder, const file_ops& ops);

}  // namespace larder::store
