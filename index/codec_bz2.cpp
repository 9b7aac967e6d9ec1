#include "codec.hpp"
#include <algorithm>
#include <bzlib.h>
#include <limits>

namespace larder::index::detail {
namespace {

class bz2_codec final : public codec {
public:
    ~bz2_codec() override { stop(); }

    result<step> run(std::string_view in, char* out, std::size_t room) override {
        constexpr std::size_t most = std::numeric_limits<unsigned>::max();
        const auto given = static_cast<unsigned>(std::min(in.size(), most));
        const auto space = static_cast<unsigned>(std::min(room, most));
        z_.next_in = const_cast<char*>(in.data());
        z_.avail_in = given;
        z_.next_out = out;
        z_.avail_out = space;
        const int rc = BZ2_bzDecompress(&z_);
        if (rc != BZ_OK && rc != BZ_STREAM_END) return damaged("bzip2");
        return step{given - z_.avail_in, space - z_.avail_out, rc == BZ_STREAM_END};
    }
    result<void> restart() override {
        stop();
        z_ = {};
        running_ = BZ2_bzDecompressInit(&z_, 0, 0) == BZ_OK;
        if (!running_) return error{errc::unsupported, "bzip2 cannot start"};
        return {};
    }

private:
    void stop() noexcept {
        if (running_) BZ2_bzDecompressEnd(&z_);
        running_ = false;
    }
    bz_stream z_{};
    bool running_ = false;
};

}  // namespace

result<std::unique_ptr<codec>> make_bz2_codec() {
    std::unique_ptr<codec> made = std::make_unique<bz2_codec>();
    LARDER_CHECK(made->restart());
    return made;
}

}  // namespace larder::index::detail
