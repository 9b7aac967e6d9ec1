#include "codec.hpp"
#include <lz4frame.h>

namespace larder::index::detail {
namespace {

class lz4_codec final : public codec {
public:
    lz4_codec() {
        LZ4F_dctx* made = nullptr;
        if (!LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) z_.reset(made);
    }
    bool usable() const noexcept { return z_ != nullptr; }

    result<step> run(std::string_view in, char* out, std::size_t room) override {
        std::size_t consumed = in.size(), produced = room;
        const auto rc = LZ4F_decompress(z_.get(), out, &produced, in.data(), &consumed, nullptr);
        if (LZ4F_isError(rc)) return error{errc::malformed, std::string{"damaged lz4 data: "} + LZ4F_getErrorName(rc)};
        return step{consumed, produced, rc == 0};
    }
    result<void> restart() override {
        LZ4F_resetDecompressionContext(z_.get());
        return {};
    }

private:
    struct freer {
        void operator()(LZ4F_dctx* c) const noexcept { LZ4F_freeDecompressionContext(c); }
    };
    std::unique_ptr<LZ4F_dctx, freer> z_;
};

}  // namespace

result<std::unique_ptr<codec>> make_lz4_codec() {
    auto made = std::make_unique<lz4_codec>();
    if (!made->usable()) return error{errc::unsupported, "lz4 cannot start"};
    return std::unique_ptr<codec>{std::move(made)};
}

}  // namespace larder::index::detail
