#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

namespace larder::index::detail {

/// Room for a piece of a source, with nothing in it yet. It begins small and doubles, up to 256 KiB, whenever a piece
/// has filled it: most files are a few KiB, and 20,000 of them should not each ask for three times 256 KiB.
class piece_buffer {
public:
    char* data() noexcept { return bytes_.get(); }
    std::size_t size() const noexcept { return size_; }

    /// Before the next piece, when the last had `had` bytes. What is in it is lost.
    void make_room(std::size_t had) {
        if (had < size_ || size_ == most) return;
        bytes_.reset();
        bytes_ = std::make_unique_for_overwrite<char[]>(2 * size_);
        size_ *= 2;
    }

private:
    static constexpr std::size_t first = 16 * 1024, most = 256 * 1024;

    std::size_t size_ = first;
    std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(first);
};

}  // namespace larder::index::detail
