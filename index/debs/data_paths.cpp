#include "data_paths.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::debs::detail {
namespace {

/// ISO 8859-1 as UTF-8.
std::string from_latin1(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xc0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return out;
}

}  // namespace

result<std::string> contents_path(std::string_view written) {
    if (written.find('\n') != std::string_view::npos)
        return error{errc::malformed, "a path with a newline: '" + printable(written, 80) + "'"};
    std::string out;
    for (const auto part : split(written, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return error{errc::malformed, "a path with '..': '" + printable(written, 80) + "'"};
        if (!out.empty()) out += '/';
        out += part;
    }
    if (valid_utf8(out) != out) return from_latin1(out);
    return out;
}

result<std::vector<std::string>> data_paths(tar_reader& tar, std::uint64_t most) {
    std::vector<std::string> paths;
    std::uint64_t bytes = 0;
    for (;;) {
        LARDER_TRY(const auto entry, tar.next());
        if (!entry) break;
        if (entry->beyond_dpkg)
            return error{errc::unsupported, "dpkg cannot unpack '" + printable(entry->path, 80) +
                                                "': make the package with dpkg-deb, or tar with --format=gnu"};
        LARDER_TRY(auto path, contents_path(entry->path));
        if (entry->is_folder || path.empty()) continue;
        bytes += path.size();
        if (bytes > most) return error{errc::too_large, "paths of over " + std::to_string(most) + " bytes together"};
        paths.push_back(std::move(path));
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

}  // namespace larder::debs::detail
