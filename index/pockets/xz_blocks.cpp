#include "xz_blocks.hpp"
#include <array>
#include <stdexcept>

namespace larder::pockets {
namespace {

constexpr std::uint32_t preset = 6;

lzma_stream_flags flags_of_stream() {
    lzma_stream_flags flags{};
    flags.check = LZMA_CHECK_CRC32;
    return flags;
}

void must(lzma_ret how, const char* what) {
    if (how != LZMA_OK) throw std::runtime_error{std::string{"liblzma cannot "} + what};
}

struct filters {
    filters() {
        if (lzma_lzma_preset(&options, preset)) throw std::runtime_error{"liblzma has no preset 6"};
        // A chunk is far smaller than what this preset remembers: less of it is less memory for each reader.
        options.dict_size = 1U << 20;
        all[0] = {LZMA_FILTER_LZMA2, &options};
        all[1] = {LZMA_VLI_UNKNOWN, nullptr};
    }
    lzma_options_lzma options{};
    std::array<lzma_filter, 2> all{};
};

}  // namespace

std::string xz_block(std::string_view text) {
    filters with;
    lzma_block block{};
    block.check = LZMA_CHECK_CRC32;
    block.filters = with.all.data();
    std::string out(lzma_block_buffer_bound(text.size()), '\0');
    std::size_t size = 0;
    must(lzma_block_buffer_encode(&block, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                  reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
         "compress a chunk");
    out.resize(size);
    return out;
}

xz_frame::xz_frame() : index_{lzma_index_init(nullptr)} {
    if (!index_) throw std::bad_alloc{};
}

std::string xz_frame::head() const {
    const auto flags = flags_of_stream();
    std::string out(LZMA_STREAM_HEADER_SIZE, '\0');
    must(lzma_stream_header_encode(&flags, reinterpret_cast<std::uint8_t*>(out.data())), "begin a stream");
    return out;
}

result<void> xz_frame::note(std::string_view bytes, std::uint64_t text_size) {
    const error odd{errc::malformed, "a block of an xz stream is damaged: larder doctor repairs it where it can"};
    if (bytes.empty() || bytes[0] == 0) return odd;
    std::array<lzma_filter, LZMA_FILTERS_MAX + 1> found{};
    lzma_block block{};
    block.check = LZMA_CHECK_CRC32;
    block.filters = found.data();
    block.header_size = lzma_block_header_size_decode(static_cast<std::uint8_t>(bytes[0]));
    if (block.header_size > bytes.size() ||
        lzma_block_header_decode(&block, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data())) != LZMA_OK)
        return odd;
    lzma_filters_free(found.data(), nullptr);
    const auto unpadded = lzma_block_unpadded_size(&block);
    if (unpadded == 0 || unpadded == LZMA_VLI_UNKNOWN || lzma_block_total_size(&block) != bytes.size() ||
        block.uncompressed_size != text_size ||
        lzma_index_append(index_.get(), nullptr, unpadded, text_size) != LZMA_OK)
        return odd;
    return {};
}

std::string xz_frame::tail() const {
    std::string out(lzma_index_size(index_.get()) + LZMA_STREAM_HEADER_SIZE, '\0');
    auto* bytes = reinterpret_cast<std::uint8_t*>(out.data());
    std::size_t at = 0;
    must(lzma_index_buffer_encode(index_.get(), bytes, &at, out.size() - LZMA_STREAM_HEADER_SIZE), "end a stream");
    auto flags = flags_of_stream();
    flags.backward_size = lzma_index_size(index_.get());
    must(lzma_stream_footer_encode(&flags, bytes + at), "end a stream");
    return out;
}

}  // namespace larder::pockets
