#pragma once

#include "committer.hpp"

namespace larder::store {

/// open_file_objects with other system calls than the real ones; `ops` must outlive the store. `arrived` is told of
/// every object that comes with its provenance, on the store's own thread, before it has its name.
result<std::unique_ptr<object_store>> open_file_objects(const std::string& folder, const file_ops& ops,
                                                        arrival_sink arrived = {});

}  // namespace larder::store
