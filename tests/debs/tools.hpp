#pragma once

#include "scratch_folder.hpp"
#include <string>
#include <string_view>
#include <vector>

/// The real tools, and what they make.
namespace larder::debs::test {

using larder::test::scratch_folder;

/// Runs a command in a folder, with a fixed date and no locale; what it prints. Fails the test when it fails.
std::string run(const std::vector<std::string>& command, const std::string& folder);

/// Writes a file, and the folders above it.
void put(const std::string& path, std::string_view text);

/// FOLDER/NAME.deb, made by dpkg-deb of this control file and some files of /usr/share; how it is packed is its -Z.
std::string build_deb(const scratch_folder&, const std::string& name, const std::string& control,
                      const std::string& packed = "gzip");

/// The folder of a native source package made by dpkg-source, with its .dsc, .tar.xz, .buildinfo and .changes.
std::string build_source(const scratch_folder&, const std::string& name, const std::string& version,
                         const std::string& more_fields = {});

}  // namespace larder::debs::test
