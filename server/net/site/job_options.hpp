#pragma once

#include <boost/json.hpp>
#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <optional>
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

/// "2027-04-30": the end of that day; "never", or nothing: none. `malformed` says what a day is.
inline result<std::optional<sys_seconds>> take_day(const boost::json::object& given, std::string_view name) {
    std::string day;
    take(given, name, day);
    if (day.empty() || day == "never") return std::optional<sys_seconds>{};
    auto digits = day;
    std::erase(digits, '-');
    const auto begin = digits.size() == 8 && day.size() == 10 ? parse_timestamp(digits + "T000000Z")
                                                              : result<sys_seconds>{error{errc::malformed, "no day"}};
    if (!begin) return error{errc::malformed, std::string{name} + " is a day, as in 2027-04-30, or never"};
    return std::optional{*begin + std::chrono::hours{24}};
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
