#include <cassert>
#include <cstdint>
#include <cstring>
#include <larder/index/chunker.hpp>
#include <string>
#include <utility>

namespace larder::index {
namespace {

constexpr std::size_t max_stanza = 16U << 20;

/// 64 well mixed bits of a stanza (Murmur3's steps on eight bytes at a time, read as little endian).
/// Never change it: every stored chunk would stop being shared.
std::uint64_t hash_of(std::string_view bytes) noexcept {
    std::uint64_t h = 0x9e3779b97f4a7c15ULL ^ bytes.size();
    const auto mix = [&h](std::uint64_t word) {
        h = (h ^ word) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    };
    while (!bytes.empty()) {
        unsigned char part[8] = {};
        const auto n = bytes.size() < 8 ? bytes.size() : 8;
        std::memcpy(part, bytes.data(), n);
        std::uint64_t word = 0;
        for (int i = 7; i >= 0; --i) word = word << 8 | part[i];  // one load on a little-endian machine
        mix(word);
        bytes.remove_prefix(n);
    }
    mix(h >> 29);
    return h;
}

}  // namespace

chunk_cutter::chunk_cutter(std::function<void(std::string_view)> sink, chunk_sizes sizes)
    : sink_{std::move(sink)}, sizes_{sizes} {
    assert(sizes.min < sizes.average && sizes.average < sizes.max);
}

result<void> chunk_cutter::add(std::string_view piece) {
    drop_given();
    buffer_ += piece;
    for (;;) {
        // Go back by one byte: the empty line may straddle two pieces.
        const auto from = looked_ > stanza_ ? looked_ - 1 : stanza_;
        const auto end = buffer_.find("\n\n", from);
        if (end == std::string::npos) break;
        take_stanza(end + 2);
    }
    looked_ = buffer_.size();
    if (buffer_.size() - stanza_ > max_stanza) return error{errc::too_large, "a stanza of over 16 MiB"};
    return {};
}

void chunk_cutter::finish() {
    if (buffer_.size() > stanza_) take_stanza(buffer_.size());
    give(stanza_);
}

void chunk_cutter::take_stanza(std::size_t end) {
    const std::string_view stanza{buffer_.data() + stanza_, end - stanza_};
    if (end - chunk_ > sizes_.max) give(stanza_);
    stanza_ = looked_ = end;
    if (end - chunk_ >= sizes_.min && is_boundary(stanza)) give(end);
}

/// With the probability of size / (average - min), by the hash alone.
bool chunk_cutter::is_boundary(std::string_view stanza) const noexcept {
    const std::uint64_t per_byte = ~std::uint64_t{0} / (sizes_.average - sizes_.min);
    return hash_of(stanza) / per_byte < stanza.size();
}

void chunk_cutter::give(std::size_t end) {
    if (end > chunk_) sink_(std::string_view{buffer_}.substr(chunk_, end - chunk_));
    chunk_ = end;
}

void chunk_cutter::drop_given() {
    buffer_.erase(0, chunk_);
    stanza_ -= chunk_;
    looked_ -= chunk_;
    chunk_ = 0;
}

result<void> cut(byte_source& in, const std::function<void(std::string_view chunk)>& sink, chunk_sizes sizes) {
    chunk_cutter c{sink, sizes};
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) break;
        LARDER_CHECK(c.add(piece));
    }
    c.finish();
    return {};
}

}  // namespace larder::index
