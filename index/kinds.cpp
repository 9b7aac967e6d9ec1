#include <array>
#include <larder/index/kinds.hpp>
#include <utility>

namespace larder::index {
namespace {

constexpr std::array<std::pair<std::string_view, compression>, 6> endings{{{".gz", compression::gz},
                                                                           {".xz", compression::xz},
                                                                           {".lzma", compression::lzma},
                                                                           {".bz2", compression::bz2},
                                                                           {".zst", compression::zst},
                                                                           {".lz4", compression::lz4}}};

}  // namespace

compression compression_of(std::string_view path) noexcept {
    for (const auto& [ending, kind] : endings)
        if (path.ends_with(ending)) return kind;
    return compression::none;
}

std::string_view without_compression(std::string_view path) noexcept {
    for (const auto& [ending, kind] : endings)
        if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
    return path;
}

index_kind kind_of(std::string_view path) noexcept {
    path = without_compression(path);
    const auto slash = path.rfind('/');
    const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const auto folder = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    if (name == "Packages") return index_kind::packages;
    if (name == "Sources") return index_kind::sources;
    if (name == "SHA256SUMS") return index_kind::sha256sums;
    if (name == "Index" && folder.ends_with(".diff")) return index_kind::pdiff_index;
    return index_kind::none;
}

}  // namespace larder::index
