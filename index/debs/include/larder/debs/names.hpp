#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::debs {

/// What a file of an archive or an upload is, by the ending of its name.
enum class file_kind { deb, udeb, ddeb, dsc, buildinfo, changes, other };
file_kind kind_of_file(std::string_view name) noexcept;
/// "deb"; empty for `other`.
std::string_view to_string(file_kind) noexcept;

/// Names that may become parts of a path. Each is `malformed`, and says why, when it is not:
///
/// of a package, binary or source (Debian Policy 5.6.1): lower-case letters, digits and "+ - .", at least two, the
/// first a letter or digit; here no more than 200;
result<void> check_package_name(std::string_view);
/// of an architecture that a binary package is for (Policy 11.1): lower-case letters, digits and hyphens, not "any",
/// "source" or another wildcard;
result<void> check_architecture(std::string_view);
/// of a component: parts as of a package name, with slashes between them ("main", "updates/main");
result<void> check_component(std::string_view);
/// of a file in an upload or a source package: no folder, nothing hidden, only letters, digits and "+ - . _ ~", no more
/// than 250.
result<void> check_file_name(std::string_view);

/// "1:2.0-3" -> "2.0-3": as it stands in the names of files. A version with another colon is `malformed`: dpkg takes
/// it, Policy 5.6.12 does not, and it would be one in paths and URLs.
result<std::string_view> file_version(std::string_view version);

/// A field "hello (2.10-3)", or "hello" alone, as Source is in binary packages and uploads (Policy 5.6.1): `version`
/// is then `otherwise`. Names and versions are checked.
struct source_name {
    std::string name, version;
};
result<source_name> read_source_name(std::string_view field, std::string_view otherwise);

/// "pool/main/libf/libfoo": the folder of a source package, as dak and apt-ftparchive users have it. All is checked;
/// what comes back is in the form of clean_path, three or more parts below "pool".
result<std::string> pool_folder(std::string_view component, std::string_view source);

/// "hello_2.10-3_amd64.deb", made of its parts, whatever the file was called. All is checked; `kind` is one of the
/// binary packages'.
result<std::string> package_file_name(std::string_view name, std::string_view version, std::string_view architecture,
                                      file_kind kind);
/// "hello_2.10-3.dsc".
result<std::string> dsc_file_name(std::string_view source, std::string_view version);

}  // namespace larder::debs
