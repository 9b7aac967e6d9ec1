#pragma once

#include <larder/base/result.hpp>
#include <larder/core/options.hpp>
#include <string>
#include <string_view>

namespace larder::cli {

/// The configuration's text with another [[archive]] at its end; the rest byte for byte as it was.
/// `conflict` when it has one of that name, `bad_config` (with all problems) when the text, or what it
/// becomes, is not right.
result<std::string> with_archive(std::string_view text, std::string_view file_name, const core::archive_options& added);

/// The text without that archive's table; comments outside of it stay. `absent` when there is none,
/// `bad_config` when its lines cannot be told apart from the rest with certainty.
result<std::string> without_archive(std::string_view text, std::string_view file_name, std::string_view name);

/// Replaces the file in one step, with the mode and owner that it had. A symbolic link stays one. `io`, and
/// nothing has changed, when this user cannot leave it its owner.
result<void> replace_config(const std::string& path, std::string_view text);

}  // namespace larder::cli
