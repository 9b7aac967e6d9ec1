#pragma once

#include <functional>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::pockets {

/// Texts of "Name: value" lines, of which the first names the format and its number.
class field_writer {
public:
    field_writer(std::string_view format, std::string_view number) { add(format, number); }
    /// A value of several lines is folded into one; an empty one is left out.
    void add(std::string_view name, std::string_view value);
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

/// `malformed` for a line that is none, `unsupported` for another number; errors of `take` are handed on.
result<void> read_fields(std::string_view text, std::string_view format, std::string_view number, const char* what,
                         const std::function<result<void>(std::string_view name, std::string_view value)>& take);

}  // namespace larder::pockets
