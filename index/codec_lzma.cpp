#include "codec.hpp"
#include <lzma.h>

namespace larder::index::detail {
namespace {

class lzma_codec final : public codec {
public:
    explicit lzma_codec(compression kind) : kind_{kind} {}
    ~lzma_codec() override { lzma_end(&z_); }

    result<step> run(std::string_view in, char* out, std::size_t room) override {
        z_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        z_.avail_in = in.size();
        z_.next_out = reinterpret_cast<std::uint8_t*>(out);
        z_.avail_out = room;
        const auto rc = lzma_code(&z_, LZMA_RUN);
        if (rc == LZMA_MEMLIMIT_ERROR)
            return error{errc::too_large, "xz data that needs more than 160 MiB of memory to unpack"};
        if (rc == LZMA_MEM_ERROR) throw std::bad_alloc{};
        if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR) return damaged("xz");
        return step{in.size() - z_.avail_in, room - z_.avail_out, rc == LZMA_STREAM_END};
    }
    result<void> restart() override {
        // Initialising again keeps the memory of the last stream.
        const auto rc = kind_ == compression::xz ? lzma_stream_decoder(&z_, codec_memory, LZMA_TELL_UNSUPPORTED_CHECK)
                                                 : lzma_alone_decoder(&z_, codec_memory);
        if (rc != LZMA_OK) return error{errc::unsupported, "liblzma cannot start"};
        return {};
    }

private:
    compression kind_;
    lzma_stream z_ = LZMA_STREAM_INIT;
};

}  // namespace

result<std::unique_ptr<codec>> make_lzma_codec(compression kind) {
    std::unique_ptr<codec> made = std::make_unique<lzma_codec>(kind);
    LARDER_CHECK(made->restart());
    return made;
}

}  // namespace larder::index::detail
