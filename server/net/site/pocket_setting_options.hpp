#pragma once

#include <boost/json/object.hpp>
#include <larder/net/pockets.hpp>
#include <site/job_kinds.hpp>

namespace larder::net::site {

/// What a pocket is, as options of the jobs that make and change one.
std::vector<job_option> setting_options();
result<pocket_settings> take_settings(const boost::json::object& given);

}  // namespace larder::net::site
