#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::debs::detail {

/// Goes through packed paths (contents.hpp), one at a time. The bytes must outlive it.
class path_cursor {
public:
    /// `malformed` for another format.
    static result<path_cursor> open(std::string_view packed);

    /// To the next path; false at the end. `malformed` for what pack_paths() would not have written: cut short, not in
    /// order, not of one line.
    result<bool> next();
    const std::string& path() const noexcept { return path_; }

private:
    explicit path_cursor(std::string_view rest) : rest_{rest} {}

    std::string_view rest_;
    std::string path_;
};

}  // namespace larder::debs::detail
