#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/index/chunker.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/decompress.hpp>
#include <larder/index/version.hpp>
#include <string>

using namespace larder::index;

namespace {

constexpr std::uint64_t limit = 1U << 20;

std::string scanned(index_kind kind, std::string_view text, std::size_t piece) {
    std::string seen;
    const auto in = memory_source(text, piece);
    const auto totals =
        scan(kind, *in, "base", [&](std::string_view path, const larder::digest& d, std::uint64_t size) {
            const auto clean = larder::clean_path(path);
            if (!clean || *clean != path || !path.starts_with("base/")) std::abort();
            ((seen += path) += d.hex()) += std::to_string(size);
        });
    return totals ? seen + std::to_string(totals->stanzas) : totals.error().message();
}

void unpack(compression kind, std::string_view packed, std::size_t piece) {
    auto in = decompress(memory_source(packed, piece), kind, limit);
    if (!in) return;
    std::uint64_t size = 0;
    for (auto part = (*in)->next(); part && !part->empty(); part = (*in)->next()) size += part->size();
    if (size > limit) std::abort();
}

std::string cut_and_joined(std::string_view text, std::size_t piece, std::string& sizes) {
    std::string joined;
    const auto in = memory_source(text, piece);
    const auto ok = cut(*in,
                        [&](std::string_view chunk) {
                            if (chunk.empty()) std::abort();
                            joined += chunk;
                            (sizes += std::to_string(chunk.size())) += ' ';
                        },
                        {64, 256, 1024});
    if (!ok) std::abort();
    return joined;
}

/// At newlines: antisymmetry of each two, and of each three that none stands before itself.
void versions(std::string_view text) {
    if (check_version(text) && !std::is_eq(compare_versions(text, text))) std::abort();
    auto all = larder::split(text, '\n');
    if (all.size() > 6) all.resize(6);
    for (const auto a : all)
        for (const auto b : all) {
            if (compare_versions(a, b) != (0 <=> compare_versions(b, a))) std::abort();
            if (compare_versions(a, b) > 0) continue;
            for (const auto c : all) {
                if (compare_versions(b, c) > 0) continue;
                // a <= b <= c, and equal only where both are.
                const bool equal = compare_versions(a, b) == 0 && compare_versions(b, c) == 0;
                if (equal ? compare_versions(a, c) != 0 : compare_versions(a, c) >= 0) std::abort();
            }
        }
}

}  // namespace

// The first byte chooses what is tried, the second how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};
    const std::size_t piece = data[1];
    const auto scan_twice = [&](index_kind kind) {
        if (scanned(kind, text, 0) != scanned(kind, text, piece)) std::abort();
    };
    switch (data[0]) {
        case 'p': scan_twice(index_kind::packages); break;
        case 's': scan_twice(index_kind::sources); break;
        case 'h': scan_twice(index_kind::sha256sums); break;
        case 'd': scan_twice(index_kind::pdiff_index); break;
        case 'g': unpack(compression::gz, text, piece); break;
        case 'x': unpack(compression::xz, text, piece); break;
        case 'l': unpack(compression::lzma, text, piece); break;
        case 'b': unpack(compression::bz2, text, piece); break;
        case 'z': unpack(compression::zst, text, piece); break;
        case '4': unpack(compression::lz4, text, piece); break;
        case 'v': versions(text); break;
        case 'c': {
            std::string whole, pieces;
            if (cut_and_joined(text, 0, whole) != text || cut_and_joined(text, piece, pieces) != text) std::abort();
            if (whole != pieces) std::abort();
            break;
        }
        default: break;
    }
    return 0;
}
