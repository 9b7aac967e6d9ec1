#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace larder::index::detail {

/// One line of a checksum field: "HEX SIZE NAME", as Release, Sources and pdiff indices have it.
struct checksum_line {
    std::string_view hex;
    std::uint64_t size = 0;
    std::string_view name;
};

/// Nothing when the line has not exactly these three parts.
std::optional<checksum_line> parse_checksum_line(std::string_view line) noexcept;

/// Decimal digits only, at least one, in range.
std::optional<std::uint64_t> parse_number(std::string_view) noexcept;

/// A file's path under `base`, in the form of clean_path; absolute or climbing out is `malformed`.
/// One without anything to clean is copied in a single pass: an index has tens of thousands.
result<void> path_under(std::string_view base, std::string_view path, std::string& out);

}  // namespace larder::index::detail
