#pragma once

#include <boost/json/object.hpp>
#include <site/jobs.hpp>
#include <site/overview.hpp>

namespace larder::net::site {

/// What the API shows, as JSON. Their shapes are the schemas of openapi.cpp.
boost::json::object status_json(const overview& view);
boost::json::object archive_json(const archive_view& archive);
boost::json::object job_json(const job_view& job);

}  // namespace larder::net::site
