#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <larder/core/url.hpp>
#include <string>
#include <string_view>

namespace larder::core {

/// Where a service keeps an archive as it was at any moment: a base URL in whose path "{when}" stands for the moment,
/// "20261121T063000Z": "https://snapshot.archive.example/archive/debian/{when}".
class snapshot_url {
public:
    /// `malformed` for what is no base URL, or has not exactly one "{when}", in its path.
    static result<snapshot_url> parse(std::string_view text);

    /// What stands before the path segment with the moment.
    const url& base() const noexcept { return base_; }
    /// Below that, where a file of the archive was at a moment; not encoded. `path` is in clean_path's form.
    std::string path_at(sys_seconds when, std::string_view path) const;

private:
    url base_;
    std::string before_, after_;  ///< of what follows the base: what stands around the moment
};

inline constexpr std::string_view when_mark = "{when}";

}  // namespace larder::core
