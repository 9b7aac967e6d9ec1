#include "codec.hpp"
#include <zstd.h>

namespace larder::index::detail {
namespace {

class zst_codec final : public codec {
public:
    bool usable() const noexcept { return z_ != nullptr; }

    result<step> run(std::string_view in, char* out, std::size_t room) override {
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out, room, 0};
        const auto rc = ZSTD_decompressStream(z_.get(), &to, &from);
        if (ZSTD_isError(rc)) return error{errc::malformed, std::string{"damaged zstd data: "} + ZSTD_getErrorName(rc)};
        return step{from.pos, to.pos, rc == 0};
    }
    result<void> restart() override {
        ZSTD_DCtx_reset(z_.get(), ZSTD_reset_session_only);
        return {};
    }

private:
    struct freer {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    // Its own limit on windows, 128 MiB, is below codec_memory.
    std::unique_ptr<ZSTD_DCtx, freer> z_{ZSTD_createDCtx()};
};

}  // namespace

result<std::unique_ptr<codec>> make_zst_codec() {
    auto made = std::make_unique<zst_codec>();
    if (!made->usable()) return error{errc::unsupported, "zstd cannot start"};
    return std::unique_ptr<codec>{std::move(made)};
}

}  // namespace larder::index::detail
