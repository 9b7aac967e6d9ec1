#include "codec.hpp"
#include <algorithm>
#include <limits>
#include <zlib.h>

namespace larder::index::detail {
namespace {

class gz_codec final : public codec {
public:
    gz_codec() { usable_ = inflateInit2(&z_, 15 + 16) == Z_OK; }  // 16: a gzip header and nothing else
    ~gz_codec() override { inflateEnd(&z_); }
    bool usable() const noexcept { return usable_; }

    result<step> run(std::string_view in, char* out, std::size_t room) override {
        constexpr std::size_t most = std::numeric_limits<uInt>::max();
        const auto given = static_cast<uInt>(std::min(in.size(), most));
        const auto space = static_cast<uInt>(std::min(room, most));
        z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        z_.avail_in = given;
        z_.next_out = reinterpret_cast<Bytef*>(out);
        z_.avail_out = space;
        const int rc = inflate(&z_, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return damaged("gzip");
        return step{given - z_.avail_in, space - z_.avail_out, rc == Z_STREAM_END};
    }
    result<void> restart() override {
        if (inflateReset(&z_) != Z_OK) return damaged("gzip");
        return {};
    }

private:
    z_stream z_{};
    bool usable_ = false;
};

}  // namespace

result<std::unique_ptr<codec>> make_gz_codec() {
    auto made = std::make_unique<gz_codec>();
    if (!made->usable()) return error{errc::unsupported, "zlib cannot start"};
    return std::unique_ptr<codec>{std::move(made)};
}

}  // namespace larder::index::detail
