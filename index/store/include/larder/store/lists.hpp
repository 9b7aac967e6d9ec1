#pragma once

#include <cstddef>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::store {

/// What was read out of indices, so that they need not be read again: of each a list of chunks, which are named by
/// their SHA-256 and shared by all lists. Derived. Thread-safe.
class list_store {
public:
    virtual ~list_store() = default;

    /// The chunks of a list, in its order; nothing when it is not here.
    virtual result<std::optional<std::vector<digest>>> find(const digest& list) const = 0;
    /// Hands over these chunks, each valid during the call, which must not wait for anything. `absent` when one is not
    /// here, such as after its list was dropped. Errors of `take` are handed on.
    virtual result<void> read(const std::vector<digest>& chunks,
                              const std::function<result<void>(std::string_view)>& take) const = 0;
    /// Keeps a list, and of its chunks those that are not here yet: one transaction. One that is here is replaced.
    /// `made_from`: the object that it was read out of.
    virtual result<void> put(const digest& list, const digest& made_from, const std::vector<std::string>& chunks) = 0;

    virtual result<void> each(const std::function<void(const digest& list, const digest& made_from)>& seen) const = 0;
    /// Drops lists, and every chunk that none of the others has.
    virtual result<void> drop(const std::vector<digest>& lists) = 0;
};

}  // namespace larder::store
