#pragma once

#include <boost/json.hpp>
#include <larder/base/text.hpp>
#include <string>

namespace larder::net {

/// A report or an answer as the bytes that leave: the one way out for JSON. Names of files, what
/// upstreams sent and what clients asked for stand in it as they came; what of them is no UTF-8 is
/// replaced here, since readers refuse the whole document for one such byte.
inline std::string json_text(const boost::json::value& value) { return valid_utf8(boost::json::serialize(value)); }

inline boost::json::array strings(const std::vector<std::string>& all) {
    boost::json::array out;
    for (const auto& one : all) out.emplace_back(one);
    return out;
}

}  // namespace larder::net
