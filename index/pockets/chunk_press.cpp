#include "chunk_press.hpp"
#include "xz_blocks.hpp"
#include <libdeflate.h>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <zstd.h>

namespace larder::pockets {
namespace {

/// Each takes about half a millisecond for a chunk. Of a real index gzip -9 makes 1 % more, in more than twice the
/// time; zstd -9 1 % less.
constexpr int zstd_level = 7, gzip_level = 6;

/// A frame that zstd skips (RFC 8878, section 3.1.2): its mark, and its size in four bytes.
std::string skipped_head(std::size_t size) {
    std::string head{"\x50\x2a\x4d\x18", 4};
    for (int i = 0; i < 4; ++i, size >>= 8) head.push_back(static_cast<char>(size & 0xff));
    return head;
}

std::string zstd_frame(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    const auto n = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), zstd_level);
    if (ZSTD_isError(n)) throw std::runtime_error{std::string{"zstd: "} + ZSTD_getErrorName(n)};
    out.resize(n);
    return out;
}

/// One member without a name and a date.
std::string gzip_member(std::string_view text) {
    struct freed {
        void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
    };
    const std::unique_ptr<libdeflate_compressor, freed> compressor{libdeflate_alloc_compressor(gzip_level)};
    if (!compressor) throw std::bad_alloc{};
    std::string out(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
    const auto size = libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.data(), out.size());
    if (size == 0) throw std::runtime_error{"libdeflate cannot compress a chunk"};
    out.resize(size);
    return out;
}

std::size_t most_waiting() { return 8 * std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace

pressed_chunk press(std::string_view text, with_xz xz) {
    return {zstd_frame(text), gzip_member(text), xz == with_xz::yes ? xz_block(text) : std::string{}};
}

std::size_t chunk_press::number_of(const digest& file) {
    const auto [at, fresh] = numbers_.try_emplace(file, list_.packs.size() + 1);
    if (fresh) list_.packs.push_back(file);
    return at->second;
}

/// Whether it need not be written: it is in another file, or in this one already.
bool chunk_press::reuse(index::kept_chunk& one) {
    if (const auto there = known_.find(one.content);
        there != known_.end() && there->second.gzip != 0 && (xz_ == with_xz::no || there->second.xz != 0)) {
        one.pack = number_of(there->second.file);
        one.offset = there->second.offset;
        one.stored = there->second.stored;
        one.gzip = there->second.gzip;
        one.xz = xz_ == with_xz::yes ? there->second.xz : 0;
        return true;
    }
    return false;
}

result<void> chunk_press::add(std::string text, std::string first) {
    index::kept_chunk one{sha256(text), text.size()};
    one.first = std::move(first);
    list_.size += text.size();
    const auto at = list_.chunks.size();
    const bool there = reuse(one);
    list_.chunks.push_back(std::move(one));
    if (there) return {};
    if (waiting_.size() >= most_waiting()) LARDER_CHECK(write_oldest());
    waiting_.push_back(
        {at, std::async(std::launch::async, [text = std::move(text), xz = xz_] { return press(text, xz); })});
    return {};
}

void chunk_press::keep(const index::chunk_list& of, const digest& object, const index::kept_chunk& one) {
    auto kept = one;
    kept.pack = number_of(one.pack == 0 ? object : of.packs[one.pack - 1]);
    if (xz_ == with_xz::no) kept.xz = 0;
    list_.size += kept.size;
    list_.chunks.push_back(std::move(kept));
}

result<void> chunk_press::write_oldest() {
    auto oldest = std::move(waiting_.front());
    waiting_.pop_front();
    const auto pressed = oldest.pressed.get();
    auto& one = list_.chunks[oldest.at];
    one.offset = out_.size();
    one.stored = pressed.zstd.size();
    one.gzip = pressed.gzip.size();
    LARDER_CHECK(out_.append(pressed.zstd));
    LARDER_CHECK(out_.append(skipped_head(pressed.gzip.size())));
    LARDER_CHECK(out_.append(pressed.gzip));
    if (pressed.xz.empty()) return {};
    one.xz = pressed.xz.size();
    LARDER_CHECK(out_.append(skipped_head(pressed.xz.size())));
    return out_.append(pressed.xz);
}

result<index::chunk_list> chunk_press::finish() {
    while (!waiting_.empty()) LARDER_CHECK(write_oldest());
    return std::move(list_);
}

}  // namespace larder::pockets
