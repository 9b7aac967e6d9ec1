#pragma once

#include <larder/index/kinds.hpp>
#include <string>
#include <string_view>

/// A text as one member, stream or frame of a format, packed by libarchive: not by the libraries'
/// calls that the code under test uses.
std::string pack(larder::index::compression, std::string_view text);
