#include "line_cutter.hpp"

namespace larder::pockets {
namespace {

/// Those of published_index.cpp. Part of the format of what is published, as the hash is: others are other bytes.
constexpr std::size_t min_size = 16 * 1024, average_size = 64 * 1024, max_size = 256 * 1024;

/// FNV-1a, and a mix by which its high bits hang on all of them.
std::uint64_t hash_of(std::string_view line) noexcept {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (const char c : line) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    h ^= h >> 32;
    return h * 0xff51afd7ed558ccdULL;
}

/// With the probability of size / (average - min).
bool is_boundary(std::string_view line) noexcept {
    return hash_of(line) / (~std::uint64_t{0} / (average_size - min_size)) < line.size();
}

}  // namespace

result<void> line_cutter::add(std::string_view piece) {
    buffer_ += piece;
    for (auto end = buffer_.find('\n', line_); end != std::string::npos; end = buffer_.find('\n', line_)) {
        ++end;
        if (end > max_size && line_ > 0) {
            end -= line_;
            LARDER_CHECK(give(line_));
        }
        const std::string_view line{buffer_.data() + line_, end - line_};
        const bool here = end >= min_size && is_boundary(line);
        line_ = end;
        if (here) LARDER_CHECK(give(end));
    }
    return {};
}

result<void> line_cutter::finish() { return buffer_.empty() ? result<void>{} : give(buffer_.size()); }

result<void> line_cutter::give(std::size_t end) {
    auto chunk = buffer_.substr(0, end);
    buffer_.erase(0, end);
    line_ = 0;
    return take_(std::move(chunk));
}

}  // namespace larder::pockets
