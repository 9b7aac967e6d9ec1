#include "chars.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/archive_table.hpp>
#include <larder/core/options.hpp>

namespace larder::core {
namespace {

error wrong_name(std::string_view name, std::string_view what) {
    return {errc::bad_config, "archive name '" + printable(name, 100) + "': " + std::string{what}};
}

/// What is below the prefix, on a segment's boundary.
std::optional<std::string_view> below(std::string_view path, std::string_view prefix) noexcept {
    if (prefix.empty()) return path;
    if (!path.starts_with(prefix)) return {};
    if (path.size() == prefix.size()) return std::string_view{};
    if (path[prefix.size()] != '/') return {};
    return path.substr(prefix.size() + 1);
}

}  // namespace

bool reserved_name(std::string_view name) noexcept {
    for (const std::string_view own : {"snapshot", "d", "images", "keys", "api", "upload", "pages", "metrics",
                                       "healthz", "https", "http", "favicon.ico", "robots.txt", "acng-report.html"})
        if (iequals(name, own)) return true;
    return false;
}

result<archive_table> archive_table::make(std::span<const known_archive> archives) {
    archive_table out;
    for (const auto& a : archives) {
        LARDER_CHECK(out.add_name(a.name));
        for (const auto& b : a.bases) LARDER_CHECK(out.add_base(out.names_.size() - 1, b));
    }
    std::stable_sort(out.bases_.begin(), out.bases_.end(),
                     [](const base& a, const base& b) { return a.path.size() > b.path.size(); });
    return out;
}

result<archive_table> archive_table::make(const options& o, std::span<const std::string> local) {
    std::vector<known_archive> all;
    for (const auto& a : o.archives) {
        auto& one = all.emplace_back(known_archive{a.name, a.upstream});
        one.bases.insert(one.bases.end(), a.aliases.begin(), a.aliases.end());
    }
    for (const auto& name : local) all.push_back({name, {}});
    return make(all);
}

result<void> archive_table::add_name(const std::string& name) {
    if (name.empty() || name.size() > 100 || name.front() == '.' || !all_of(name, in_host))
        return wrong_name(name, "use letters, digits, '-', '_' and '.', not starting with '.'");
    if (reserved_name(name)) return wrong_name(name, "Larder itself answers below this path; choose another");
    if (by_name(name)) return wrong_name(name, "stands twice");
    names_.push_back(name);
    return {};
}

result<void> archive_table::add_base(std::size_t archive, const std::string& text) {
    const auto parsed = parse_url(text, credentials::allowed);
    if (!parsed) return error{errc::bad_config, "archive '" + names_[archive] + "': " + parsed.error().detail()};
    if (parsed->path.find('?') != std::string::npos)
        return error{errc::bad_config, "archive '" + names_[archive] + "': a query in a base URL"};
    std::string path;
    const auto decoded = percent_decode(parsed->path);
    if (!decoded) return error{errc::bad_config, "archive '" + names_[archive] + "': " + decoded.error().detail()};
    if (decoded->find_first_not_of('/') != std::string::npos) {
        const auto cleaned = clean_path(*decoded);
        if (!cleaned) return error{errc::bad_config, "archive '" + names_[archive] + "': " + cleaned.error().detail()};
        path = *cleaned;
    }
    bases_.push_back({archive, parsed->scheme, parsed->port, parsed->host, std::move(path)});
    return {};
}

std::optional<std::size_t> archive_table::by_name(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i] == name) return i;
    return {};
}

std::optional<archive_table::match> archive_table::by_url(url_scheme scheme, const authority& where,
                                                          std::string_view path) const noexcept {
    const auto port = where.port != 0 ? where.port : default_port(scheme);
    const bool usual = port == default_port(scheme);
    for (const auto& b : bases_) {
        if (port != b.port && !(usual && b.port == default_port(b.scheme))) continue;
        if (!iequals(b.host, where.host)) continue;
        if (const auto rest = below(path, b.path)) return match{b.archive, *rest};
    }
    return {};
}

bool archive_table::knows_host(std::string_view host) const noexcept {
    return std::any_of(bases_.begin(), bases_.end(), [host](const base& b) { return iequals(b.host, host); });
}

}  // namespace larder::core
