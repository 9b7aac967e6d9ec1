#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::store {

/// A small named value that changes. `version` counts its changes, from 1.
struct ref {
    std::uint64_t version = 0;
    std::string value;
};

/// One step of a transaction over refs.
struct ref_change {
    std::string name;
    std::uint64_t expected = 0;        ///< the version it must have now; 0: it must not exist
    std::optional<std::string> value;  ///< nothing: remove it
};

/// Where refs live. Names are paths of printable ASCII without spaces
/// ("archive/debian/suite/bookworm"), at most 400 bytes (else `malformed`); values at most 64 KiB
/// (else `too_large`). A ref that is removed and made again starts at version 1. Thread-safe; writes are durable when
/// they return.
class ref_store {
public:
    virtual ~ref_store() = default;

    virtual result<std::optional<ref>> get(std::string_view name) const = 0;
    /// All whose name starts with `prefix`, by name.
    virtual result<std::vector<std::pair<std::string, ref>>> list(std::string_view prefix) const = 0;
    /// All or none. `conflict` (naming the ref) when one is not at the expected version.
    virtual result<void> change(const std::vector<ref_change>&) = 0;
};

}  // namespace larder::store
