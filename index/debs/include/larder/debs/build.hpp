#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <string>
#include <vector>

namespace larder::debs {

struct packed_file {
    std::string path;   ///< "usr/share/keyrings/x.gpg": in the form of clean_path
    std::string bytes;  ///< its mode is 0644, its owner root
};

/// A binary package that is built here: of few and small files, without scripts.
struct new_package {
    std::string control;  ///< its control file, whole; Installed-Size is added
    std::vector<packed_file> files;
    sys_seconds modified{};  ///< of everything in it
};

/// The .deb (deb(5)), with control.tar.gz and data.tar.gz: the same package is the same bytes. Without md5sums, which
/// dpkg makes itself when it unpacks. `malformed` where read_deb would not take it.
result<std::string> build_deb(const new_package&);

}  // namespace larder::debs
