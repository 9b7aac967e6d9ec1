#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

namespace larder::cli {

/// What changed in a suite, for people: a line of counts, and a row a package. `by_source`: a row a source package.
enum class rows_of { packages, sources };
std::string difference_text(const boost::json::object& difference, rows_of which);
/// The same of what has "counts" and "packages" only.
std::string changes_text(const boost::json::object& difference, rows_of which);
/// Of all suites; "No suite has changed." when there are none.
std::string differences_text(const boost::json::array& all, rows_of which);

}  // namespace larder::cli
