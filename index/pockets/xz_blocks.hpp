#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <lzma.h>
#include <memory>
#include <string>
#include <string_view>

// One xz stream of many blocks (the .xz file format, version 1.1.0, section 3): each chunk is a block of its own, and
// the stream's header, index and footer are made around them.

namespace larder::pockets {

/// A text as a block with its sizes in its header, CRC32, and padding.
std::string xz_block(std::string_view text);

/// What stands around blocks.
class xz_frame {
public:
    xz_frame();
    std::string head() const;
    /// The next block, of so many bytes of text; `malformed` when it is none.
    result<void> note(std::string_view block, std::uint64_t text_size);
    /// After the last.
    std::string tail() const;

private:
    struct freer {
        void operator()(lzma_index* i) const noexcept { lzma_index_end(i, nullptr); }
    };
    std::unique_ptr<lzma_index, freer> index_;
};

}  // namespace larder::pockets
