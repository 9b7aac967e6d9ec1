#include "file_lists.hpp"
#include <larder/base/text.hpp>
#include <larder/debs/source.hpp>
#include <larder/index/version.hpp>

namespace larder::debs {
namespace {

/// What is not of this source package must not be listed by it: they all share one pool.
result<void> check_names(const source_package& s) {
    LARDER_TRY(const auto dsc, dsc_file_name(s.name, s.version));
    for (const auto& f : s.files) {
        if (!f.name.starts_with(s.name + "_"))
            return error{errc::malformed, "it lists '" + f.name + "', which does not begin with " + s.name + "_"};
        if (f.name == dsc) return error{errc::malformed, "it lists itself"};
        if (kind_of_file(f.name) != file_kind::other)
            return error{errc::malformed, "it lists '" + f.name + "', which is no part of a source package"};
    }
    return {};
}

result<source_package> read(std::string_view bytes) {
    if (bytes.size() > detail::most_description)
        return error{errc::too_large, "it has over " + std::to_string(detail::most_description) + " bytes"};
    source_package made;
    LARDER_TRY(const auto text, signed_part(bytes));
    LARDER_TRY(made.control, paragraph::read(text));
    LARDER_TRY(made.name, made.control.need("Source"));
    LARDER_TRY(made.version, made.control.need("Version"));
    LARDER_CHECK(check_package_name(made.name));
    LARDER_CHECK(index::check_version(made.version));
    LARDER_CHECK(made.control.need("Maintainer"));
    LARDER_TRY(made.files, detail::read_checksums(made.control));
    LARDER_CHECK(detail::read_files(made.control, made.files, 3));
    LARDER_CHECK(check_names(made));
    made.content = sha256(bytes);
    made.size = bytes.size();
    return made;
}

}  // namespace

result<source_package> read_dsc(std::string_view bytes, std::string_view name) {
    auto made = read(bytes);
    if (!made) return made.error().in(printable(name));
    return made;
}

}  // namespace larder::debs
