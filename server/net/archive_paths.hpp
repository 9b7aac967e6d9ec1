#pragma once

#include <algorithm>
#include <larder/index/claims.hpp>
#include <larder/index/release.hpp>
#include <larder/net/archive.hpp>
#include <larder/store/catalogue.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace larder::net {

/// The parts of paths below an archive's root, in the form of clean_path.
inline std::string_view file_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

inline std::string_view folder_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

/// What is left of `path` below `folder`; nothing when it is not below it.
inline std::optional<std::string_view> below(std::string_view path, std::string_view folder) {
    if (folder.empty()) return path;
    if (path.size() <= folder.size() || !path.starts_with(folder) || path[folder.size()] != '/') return std::nullopt;
    return path.substr(folder.size() + 1);
}

inline bool is_release_name(std::string_view name) {
    return name == "InRelease" || name == "Release" || name == "Release.gpg";
}

/// Whether apt asks for the Packages of "all" beside those of an architecture: where the Release names "all" among its
/// architectures and does not say that each of them has its packages, too (apt-pkg/deb/debmetaindex.cc). A mirror need
/// not have what nobody asks for.
inline bool has_all_apart(const index::release& of) {
    const auto& names = of.architectures;
    return !of.all_is_in_each && (names.empty() || std::find(names.begin(), names.end(), "all") != names.end());
}

/// The latest claim that a file can be verified by. Where none can, an index that was not read yet may
/// still have one.
inline std::vector<store::claim>::const_iterator usable(const std::vector<store::claim>& claims) {
    return std::find_if(claims.begin(), claims.end(),
                        [](const auto& one) { return one.content != index::no_usable_hash; });
}

/// Whether a signature by this fingerprint is one by this key.
inline bool is_by(const signing::key_info& key, const std::string& signer) {
    return key.fingerprint == signer || std::find(key.subkeys.begin(), key.subkeys.end(), signer) != key.subkeys.end();
}

/// Where a path stands in an archive.
struct archive::place {
    std::shared_ptr<suite> in;  ///< null: in no suite's folder (the pool)
    std::string_view rest;
    std::string unknown;  ///< the suite it would be in, were it known
};

}  // namespace larder::net
