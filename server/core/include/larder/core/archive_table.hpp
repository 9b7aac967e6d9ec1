#pragma once

#include <cstddef>
#include <cstdint>
#include <larder/base/result.hpp>
#include <larder/core/url.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::core {

struct options;

/// One archive as the router knows it: a name for path mode, and the base URLs that clients in proxy
/// mode may name. A local archive has no bases.
struct known_archive {
    std::string name;
    std::vector<std::string> bases;  ///< absolute http or https URLs
};

/// Which archive a name or an absolute URL means. Built once, then immutable; any thread. Indices are
/// those of the list it was made from. Look-ups take time with the number of archives (a handful) and
/// do not allocate.
class archive_table {
public:
    /// `bad_config` for a name that is no path segment, stands twice or is one of Larder's own first
    /// segments, and for a base that is no URL. Two archives with the same base: the first is meant.
    static result<archive_table> make(std::span<const known_archive>);

    /// The configured archives in their order, their upstreams and aliases as bases, and after them
    /// the local ones.
    static result<archive_table> make(const options&, std::span<const std::string> local = {});

    std::size_t size() const noexcept { return names_.size(); }
    const std::string& name(std::size_t index) const { return names_.at(index); }
    std::optional<std::size_t> by_name(std::string_view) const noexcept;

    struct match {
        std::size_t archive = 0;
        std::string_view rest;  ///< of the path, below the base; empty for the base itself
    };

    /// The archive with the longest base that the URL lies below. `path` is in clean_path's form
    /// ("debian/dists/…") or empty. Port 0 is the scheme's own. An https base is also found by its
    /// http URL and the other way round: what is served is verified either way.
    std::optional<match> by_url(url_scheme, const authority&, std::string_view path) const noexcept;

    /// Whether any base lies on this host, whatever its port.
    bool knows_host(std::string_view host) const noexcept;

private:
    struct base {
        std::size_t archive;
        url_scheme scheme;
        std::uint16_t port;
        std::string host, path;  ///< path decoded and cleaned, without slashes at its ends
    };

    result<void> add_name(const std::string&);
    result<void> add_base(std::size_t archive, const std::string&);

    std::vector<std::string> names_;
    std::vector<base> bases_;  ///< longest path first
};

/// The first path segments that no archive may be called.
bool reserved_name(std::string_view) noexcept;

}  // namespace larder::core
