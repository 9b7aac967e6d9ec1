#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace larder::net::publishing {

/// What an export notes beside the tree that it writes (docs/formats.md, "The record of an export"): what the tree is,
/// and which of its files are the export's own. A pure value; the place of the tree reads and writes its text.
struct export_record {
    struct suite {
        std::uint64_t publication = 0;
        digest state{};
        sys_seconds date{};
        std::uint64_t former = 0;              ///< the publication that was there before; 0: none
        std::optional<digest> former_state{};  ///< whose files are kept whatever their age
    };
    struct file {
        digest content{};
        std::uint64_t size = 0;
        std::string stamp;                  ///< by which the place tells whether it was changed; empty: not known
        std::optional<sys_seconds> unused;  ///< since when no publication there names it
    };
    std::string archive;
    std::map<std::string, suite> suites;
    std::map<std::string, file, std::less<>> files;  ///< by their paths

    std::string write() const;
    /// `malformed` names the line; `unsupported`: of a newer Larder; `too_large` over 10 million files.
    static result<export_record> read(std::string_view text);
};

/// Its name, beside dists and pool.
inline constexpr std::string_view export_record_name = ".larder-export";

}  // namespace larder::net::publishing
