#pragma once

#include <boost/json.hpp>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

// Options of a job out of its JSON, which check_options() has looked through.

namespace larder::net::site {

inline void take(const boost::json::object& given, std::string_view name, bool& into) {
    if (const auto* v = given.if_contains(name)) into = v->as_bool();
}

/// Its range was checked: see the option's `most`.
template <class Number>
void take_number(const boost::json::object& given, std::string_view name, Number& into) {
    if (const auto* v = given.if_contains(name)) into = v->to_number<Number>();
}

inline void take(const boost::json::object& given, std::string_view name, std::string& into) {
    if (const auto* v = given.if_contains(name)) into = v->as_string();
}

inline void take(const boost::json::object& given, std::string_view name, std::vector<std::string>& into) {
    const auto* v = given.if_contains(name);
    if (v == nullptr) return;
    into.clear();
    for (const auto& one : v->as_array()) into.emplace_back(one.as_string());
}

/// Who does it, and why: of any struct with `by` and `reason`.
template <class Who>
void take_who(const boost::json::object& given, Who& who) {
    take(given, "by", who.by);
    take(given, "reason", who.reason);
}

template <class Report>
result<std::string> told(const result<Report>& report) {
    if (!report) return report.error();
    return to_json(*report);
}

}  // namespace larder::net::site
