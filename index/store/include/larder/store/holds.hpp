#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/store/catalogue.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::store {

/// An object that somebody holds, and where it was had from: enough to bring it back.
struct held_object {
    digest content{};
    std::uint64_t size = unknown_size;
    std::string archive, path;
};

/// Objects that are kept for somebody, one by one, for as long as they are held: by a deployment, what its units
/// have fetched. Not derived: nothing else knows it. Thread-safe.
class hold_store {
public:
    virtual ~hold_store() = default;

    /// Adds to what `holder` (1 to 200 bytes, without '/') holds; what is there already stays as it is. One
    /// transaction, durable when it returns.
    virtual result<void> add(std::string_view holder, const std::vector<held_object>& objects) = 0;
    /// Lets go of all that it holds.
    virtual result<void> drop(std::string_view holder) = 0;
    /// Whether it holds this one.
    virtual result<bool> holds(std::string_view holder, const digest&) const = 0;
    /// All that a holder holds, or with an empty name that anybody holds, by holder and content.
    virtual result<void> each(std::string_view holder,
                              const std::function<void(std::string_view holder, const held_object&)>& seen) const = 0;
};

}  // namespace larder::store
