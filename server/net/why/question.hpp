#pragma once

#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace larder::net::why {

/// What somebody asks about: one of the three.
struct question {
    std::optional<digest> content;
    std::string path;
    std::string package, version, architecture;  ///< the latter two may be empty: any
};

/// `bad_config` says what there is to ask.
result<question> parse_question(std::string_view text);

}  // namespace larder::net::why
