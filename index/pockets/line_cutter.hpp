#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::pockets {

/// Cuts a text of lines into chunks as chunk_cutter (index/chunker.hpp) does one of stanzas: a boundary hangs on the
/// line before it, so a line that comes or goes moves the boundaries next to it and no others.
class line_cutter {
public:
    explicit line_cutter(std::function<result<void>(std::string)> take) : take_{std::move(take)} {}

    result<void> add(std::string_view piece);
    /// Gives what is left.
    result<void> finish();

private:
    result<void> give(std::size_t end);

    const std::function<result<void>(std::string)> take_;
    std::string buffer_;    ///< the chunk that is not given yet
    std::size_t line_ = 0;  ///< where in it the line begins whose end is not seen yet
};

}  // namespace larder::pockets
