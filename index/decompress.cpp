#include "codec.hpp"
#include "piece_buffer.hpp"
#include <larder/index/decompress.hpp>

namespace larder::index {
namespace {

error over(std::uint64_t limit) {
    return {errc::too_large, "unpacks to more than the " + std::to_string(limit) + " bytes expected"};
}

/// Not compressed: only the limit is left to do.
class limited_source final : public byte_source {
public:
    limited_source(std::unique_ptr<byte_source> in, std::uint64_t limit) : in_{std::move(in)}, limit_{limit} {}

    result<std::string_view> next() override {
        auto piece = in_->next();
        if (piece && piece->size() > limit_ - seen_) return over(limit_);
        if (piece) seen_ += piece->size();
        return piece;
    }

private:
    std::unique_ptr<byte_source> in_;
    std::uint64_t limit_, seen_ = 0;
};

class decoded_source final : public byte_source {
public:
    decoded_source(std::unique_ptr<byte_source> in, std::unique_ptr<detail::codec> codec, std::uint64_t limit)
        : in_{std::move(in)}, codec_{std::move(codec)}, limit_{limit} {}

    result<std::string_view> next() override {
        if (done_) return std::string_view{};
        buffer_.make_room(last_);
        std::size_t have = 0;
        while (have < buffer_.size()) {
            LARDER_TRY(const bool more, fill(have));
            if (more) continue;
            done_ = true;
            break;
        }
        if (have > limit_ - seen_) return over(limit_);
        seen_ += have;
        last_ = have;
        return std::string_view{buffer_.data(), have};
    }

private:
    /// One step; false at the sound end of the input.
    result<bool> fill(std::size_t& have) {
        if (rest_.empty() && !ended_) {
            LARDER_TRY(rest_, in_->next());
            ended_ = rest_.empty();
        }
        if (between_frames_) {
            if (ended_ && any_frame_) return false;
            if (any_frame_) LARDER_CHECK(codec_->restart());
            between_frames_ = false;
        }
        LARDER_TRY(const auto step, codec_->run(rest_, buffer_.data() + have, buffer_.size() - have));
        rest_.remove_prefix(step.consumed);
        have += step.produced;
        if (step.frame_done) between_frames_ = any_frame_ = true;
        if (step.consumed != 0 || step.produced != 0)
            idle_ = 0;
        else
            LARDER_CHECK(no_progress(step.frame_done));
        return true;
    }

    /// Room is left and nothing came: with the input at its end it is cut short. A library may use one
    /// or two such steps to change its state, not more in a row.
    result<void> no_progress(bool frame_done) {
        if (ended_ && !frame_done) return error{errc::malformed, "compressed data ends too early"};
        if (++idle_ > 2) return error{errc::malformed, "compressed data that cannot be unpacked"};
        return {};
    }

    std::unique_ptr<byte_source> in_;
    std::unique_ptr<detail::codec> codec_;
    std::uint64_t limit_, seen_ = 0;
    detail::piece_buffer buffer_;
    std::size_t last_ = 0;
    std::string_view rest_;
    bool between_frames_ = true, any_frame_ = false, ended_ = false, done_ = false;
    int idle_ = 0;
};

result<std::unique_ptr<detail::codec>> make_codec(compression kind) {
    switch (kind) {
        case compression::gz: return detail::make_gz_codec();
        case compression::bz2: return detail::make_bz2_codec();
        case compression::xz:
        case compression::lzma: return detail::make_lzma_codec(kind);
        case compression::zst: return detail::make_zst_codec();
        case compression::lz4: return detail::make_lz4_codec();
        case compression::none: break;
    }
    return error{errc::unsupported, "not a compression"};
}

}  // namespace

result<std::unique_ptr<byte_source>> decompress(std::unique_ptr<byte_source> in, compression kind,
                                                std::uint64_t max_output) {
    if (kind == compression::none)
        return std::unique_ptr<byte_source>{std::make_unique<limited_source>(std::move(in), max_output)};
    LARDER_TRY(auto codec, make_codec(kind));
    return std::unique_ptr<byte_source>{std::make_unique<decoded_source>(std::move(in), std::move(codec), max_output)};
}

}  // namespace larder::index
