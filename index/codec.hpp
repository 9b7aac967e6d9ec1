#pragma once

#include <cstddef>
#include <larder/base/result.hpp>
#include <larder/index/kinds.hpp>
#include <memory>
#include <string_view>

namespace larder::index::detail {

/// One compression library, behind one kind of step.
class codec {
public:
    virtual ~codec() = default;

    struct step {
        std::size_t consumed = 0;
        std::size_t produced = 0;
        bool frame_done = false;  ///< a member, stream or frame is complete: what follows is another
    };

    /// Turns some of `in` into at most `room` bytes at `out`; with an empty `in` it gives what it still
    /// holds. `malformed` when the input is damaged.
    virtual result<step> run(std::string_view in, char* out, std::size_t room) = 0;
    /// Ready for another frame, after frame_done.
    virtual result<void> restart() = 0;
};

/// What a decompressor may use for its window and tables.
inline constexpr std::size_t codec_memory = 160U << 20;

result<std::unique_ptr<codec>> make_gz_codec();
result<std::unique_ptr<codec>> make_bz2_codec();
/// xz, or the older lzma.
result<std::unique_ptr<codec>> make_lzma_codec(compression);
result<std::unique_ptr<codec>> make_zst_codec();
result<std::unique_ptr<codec>> make_lz4_codec();

inline error damaged(const char* format) { return {errc::malformed, std::string{"damaged "} + format + " data"}; }

}  // namespace larder::index::detail
