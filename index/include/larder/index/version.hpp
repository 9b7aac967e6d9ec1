#pragma once

#include <compare>
#include <larder/base/result.hpp>
#include <string_view>

namespace larder::index {

/// The order of Debian versions, [epoch:]upstream[-revision] (Debian Policy 5.6.12; dpkg,
/// lib/dpkg/version.c): "1.0~rc1" < "1.0" < "1.0-1" < "1.0+b1" < "1:0". Versions may be equal and
/// written differently ("1.0" and "1.00-0"). Takes any text, so that it is a total order even of
/// what check_version refuses; where dpkg accepts a version the answer is dpkg's.
std::strong_ordering compare_versions(std::string_view a, std::string_view b) noexcept;

/// Whether dpkg takes it as the version of a package: not empty, an epoch of digits up to 2^31-1, an
/// upstream version that begins with a digit and has only letters, digits and ". + - ~ :", a
/// revision, if there is a hyphen, that is not empty and has only letters, digits and ". + ~".
/// Else `malformed`, with the reason.
result<void> check_version(std::string_view);

}  // namespace larder::index
