#include "file_lists.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/source.hpp>
#include <larder/index/deb822.hpp>
#include <larder/index/version.hpp>

namespace larder::debs {
namespace {

result<paragraph> one_paragraph(std::string_view text) {
    if (text.size() > detail::most_description)
        return error{errc::too_large, "it has over " + std::to_string(detail::most_description) + " bytes"};
    return paragraph::read(text, {detail::most_description, 500});
}

/// 1.x, as every format of these files was so far (Debian Policy 5.6.16, deb-buildinfo(5)).
result<void> check_format(const paragraph& p) {
    LARDER_TRY(const auto format, p.need("Format"));
    if (format.starts_with("1.")) return {};
    return error{errc::unsupported, "its Format is '" + printable(format, 40) + "', not 1.x"};
}

std::vector<std::string> words_of(std::string_view value) {
    const auto found = index::value_words(value);
    return {found.begin(), found.end()};
}

/// What both kinds have.
template <class T>
result<void> read_head(T& made) {
    LARDER_CHECK(check_format(made.control));
    LARDER_TRY(made.version, made.control.need("Version"));
    LARDER_CHECK(index::check_version(made.version));
    LARDER_TRY(const auto source, made.control.need("Source"));
    LARDER_TRY(made.source, read_source_name(source, made.version));
    LARDER_TRY(const auto architectures, made.control.need("Architecture"));
    made.architectures = words_of(architectures);
    return {};
}

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

/// "hello_1.0_amd64.deb" is for amd64.
std::string_view architecture_in(std::string_view name) noexcept {
    const auto bar = name.rfind('_');
    if (bar == std::string_view::npos) return {};
    name.remove_prefix(bar + 1);
    return name.substr(0, name.rfind('.'));
}

/// Architecture and the files say the same: whether there is a source, and what the binary packages are for.
result<void> check_architectures(const changes& c) {
    bool source = false;
    for (const auto& f : c.files) {
        source = source || f.kind == file_kind::dsc;
        const bool binary = f.kind == file_kind::deb || f.kind == file_kind::udeb || f.kind == file_kind::ddeb;
        if (binary && !has(c.architectures, architecture_in(f.name)))
            return error{errc::malformed,
                         "'" + f.name + "' is for none of its Architecture: " + joined(c.architectures)};
        if (f.kind == file_kind::changes) return error{errc::malformed, "it lists another upload, '" + f.name + "'"};
    }
    if (source == has(c.architectures, "source")) return {};
    return error{errc::malformed, source ? "it lists a .dsc, but its Architecture has no 'source'"
                                         : "its Architecture has 'source', but it lists no .dsc"};
}

result<std::vector<upload_file>> upload_files(const paragraph& p) {
    LARDER_TRY(auto listed, detail::read_checksums(p));
    LARDER_CHECK(p.need("Files"));
    LARDER_TRY(const auto lines, detail::read_files(p, listed, 5));
    std::vector<upload_file> out;
    for (auto& f : listed) {
        const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.name == f.name; });
        const auto kind = kind_of_file(f.name);
        out.push_back({std::move(f), kind, std::string{line->section}, std::string{line->priority}});
    }
    return out;
}

result<changes> changes_in(std::string_view text) {
    changes made;
    LARDER_TRY(made.control, one_paragraph(text));
    LARDER_CHECK(read_head(made));
    LARDER_TRY(const auto distributions, made.control.need("Distribution"));
    made.distributions = words_of(distributions);
    LARDER_CHECK(made.control.need("Maintainer"));
    LARDER_TRY(made.files, upload_files(made.control));
    LARDER_CHECK(check_architectures(made));
    return made;
}

result<buildinfo> buildinfo_in(std::string_view bytes) {
    buildinfo made;
    LARDER_TRY(const auto text, signed_part(bytes));
    LARDER_TRY(made.control, one_paragraph(text));
    LARDER_CHECK(read_head(made));
    LARDER_TRY(made.files, detail::read_checksums(made.control));
    return made;
}

}  // namespace

result<changes> read_changes(std::string_view text, std::string_view name) {
    auto made = changes_in(text);
    if (!made) return made.error().in(printable(name));
    return made;
}

result<buildinfo> read_buildinfo(std::string_view bytes, std::string_view name) {
    auto made = buildinfo_in(bytes);
    if (!made) return made.error().in(printable(name));
    return made;
}

}  // namespace larder::debs
