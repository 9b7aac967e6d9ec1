#pragma once

#include <larder/index/release.hpp>
#include <string_view>

/// For tests and fuzzing, and for Release files that this program has written itself. Whatever came
/// from outside goes through parse_release, which takes only what a signature covers.
namespace larder::index::detail {

result<release> parse_release_text(std::string_view);

}  // namespace larder::index::detail
