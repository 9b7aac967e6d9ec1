#include <algorithm>
#include <array>
#include <larder/index/compose.hpp>
#include <limits>
#include <stdexcept>
#include <zlib.h>

namespace larder::index {
namespace {

/// What zlib calls its default is a third smaller than the quickest, and takes a second for the largest index.
constexpr int level = 6;

class writer final : public gzip_writer {
public:
    explicit writer(byte_sink out) : out_{std::move(out)} {
        constexpr int largest_window = 15, as_gzip = 16, default_memory = 8;
        if (deflateInit2(&z_, level, Z_DEFLATED, largest_window + as_gzip, default_memory, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::runtime_error{"zlib cannot start"};
    }
    ~writer() override { deflateEnd(&z_); }

    result<void> add(std::string_view text) override {
        while (!text.empty()) {
            const auto part = text.substr(0, std::numeric_limits<uInt>::max());
            LARDER_CHECK(run(part, Z_NO_FLUSH));
            text.remove_prefix(part.size());
        }
        return {};
    }
    result<void> finish() override { return run({}, Z_FINISH); }

private:
    result<void> run(std::string_view in, int flush) {
        z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        z_.avail_in = static_cast<uInt>(in.size());
        do {
            z_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            z_.avail_out = static_cast<uInt>(buffer_.size());
            deflate(&z_, flush);
            if (const auto made = buffer_.size() - z_.avail_out; made != 0)
                LARDER_CHECK(out_(std::string_view{buffer_.data(), made}));
        } while (z_.avail_out == 0);
        return {};
    }

    byte_sink out_;
    z_stream z_{};
    std::array<char, 64 << 10> buffer_{};
};

}  // namespace

std::unique_ptr<gzip_writer> make_gzip_writer(byte_sink out) { return std::make_unique<writer>(std::move(out)); }

}  // namespace larder::index
