#pragma once

#include <future>
#include <larder/store/objects.hpp>

namespace larder::net {

/// Waits for a file to be an object; errors as of object_store::commit. Blocks: not on the store's own thread.
inline result<digest> commit_and_wait(store::object_store& objects, std::unique_ptr<store::incoming> file,
                                      const digest& expected, sys_seconds modified) {
    std::promise<result<digest>> promise;
    auto answer = promise.get_future();
    objects.commit(std::move(file), expected, modified,
                   [&promise](result<digest> how) { promise.set_value(std::move(how)); });
    return answer.get();
}

}  // namespace larder::net
