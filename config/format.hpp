#pragma once

#include "table.hpp"

/// Values as the texts that a larder.toml has, exact: reading one back gives the same value.
namespace larder::config {

/// A string in quotes, right in TOML and in JSON alike.
std::string quote(std::string_view);
/// "50 GiB", "1000 B", "0": the largest unit that leaves nothing over.
std::string exact_size(std::uint64_t bytes);
/// "30s", "1500ms", "2 min", "0".
std::string exact_duration(core::milliseconds);

inline std::string to_text(bool v) { return v ? "true" : "false"; }
inline std::string to_text(unsigned v) { return std::to_string(v); }
inline std::string to_text(std::uint64_t v) { return quote(exact_size(v)); }
inline std::string to_text(core::milliseconds v) { return quote(exact_duration(v)); }
inline std::string to_text(const std::string& v) { return quote(v); }
std::string to_text(const std::vector<std::string>& v);

inline std::string_view type_name(bool) { return "true or false"; }
inline std::string_view type_name(unsigned) { return "whole number"; }
inline std::string_view type_name(std::uint64_t) { return "size"; }
inline std::string_view type_name(core::milliseconds) { return "duration"; }
inline std::string_view type_name(const std::string&) { return "string"; }
inline std::string_view type_name(const std::vector<std::string>&) { return "list of strings"; }

template <class S>
std::string value_text(const setting<S>& s, const S& from) {
    return std::visit([&from](auto m) { return to_text(from.*m); }, s.where);
}

std::string range_text(std::uint64_t least, std::uint64_t most, std::string (*text)(std::uint64_t));

/// The range of a number, a size or a duration, for people: "1 to 1024", "0 to 1 GiB"; empty where
/// there is none.
template <class S>
std::string range_text(const setting<S>& s) {
    if (std::holds_alternative<unsigned S::*>(s.where))
        return range_text(s.least, s.most, [](std::uint64_t n) { return std::to_string(n); });
    if (std::holds_alternative<std::uint64_t S::*>(s.where)) return range_text(s.least, s.most, exact_size);
    if (std::holds_alternative<core::milliseconds S::*>(s.where))
        return range_text(s.least, s.most, [](std::uint64_t n) {
            return exact_duration(core::milliseconds{static_cast<std::int64_t>(n)});
        });
    return {};
}

}  // namespace larder::config
