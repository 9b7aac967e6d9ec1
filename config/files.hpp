#pragma once

#include <optional>
#include <string>

/// What must be true of the files and folders that a configuration names, looked at as the user of this
/// process. Each says what is wrong, to complete "SETTING: …", or nothing.
namespace larder::config {

/// A regular file that can be read.
std::optional<std::string> fault_of_file(const std::string& path);
/// The same, with a PEM certificate in it.
std::optional<std::string> fault_of_certificates(const std::string& path);
/// A store, or a folder that may become one: empty, or not there yet. One that cannot be looked into is for
/// those to judge who open the store.
std::optional<std::string> fault_of_store(const std::string& path);

}  // namespace larder::config
