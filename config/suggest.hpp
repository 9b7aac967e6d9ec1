#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

/// The one of `known` that `word` was most likely meant to be: the nearest by changes, swaps of
/// neighbours included; empty when all are too far off to be a slip.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace larder::config
