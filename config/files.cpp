#include "files.hpp"
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::config {
namespace {

constexpr std::uint64_t largest_certificates = 16ULL << 20;

std::string quoted(const std::string& path) { return "'" + printable(path) + "'"; }

/// What the making of a store leaves before it is one, and mkfs's lost+found.
bool may_be_in_a_new_store(const std::string& name) {
    return name == "lock" || name == "lost+found" || name.starts_with("format.");
}

}  // namespace

std::optional<std::string> fault_of_file(const std::string& path) {
    struct stat is {};
    if (::stat(path.c_str(), &is) != 0) return quoted(path) + " cannot be used: " + std::strerror(errno);
    if (!S_ISREG(is.st_mode)) return quoted(path) + " is not a regular file";
    if (::access(path.c_str(), R_OK) != 0) return quoted(path) + " cannot be read: " + std::strerror(errno);
    return std::nullopt;
}

std::optional<std::string> fault_of_certificates(const std::string& path) {
    if (auto fault = fault_of_file(path)) return fault;
    const auto text = read_file(path, largest_certificates);
    if (!text) return quoted(path) + " cannot be used: " + text.error().detail();
    constexpr std::array begins{"-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----",
                                "-----BEGIN X509 CERTIFICATE-----"};
    if (std::any_of(begins.begin(), begins.end(), [&](auto b) { return text->find(b) != std::string::npos; }))
        return std::nullopt;
    return quoted(path) + " holds no PEM certificate (-----BEGIN CERTIFICATE-----)";
}

std::optional<std::string> fault_of_store(const std::string& path) {
    if (::access((path + "/format").c_str(), F_OK) == 0 || errno != ENOENT) return std::nullopt;
    std::error_code failed;
    for (std::filesystem::directory_iterator at{path, failed}, end; !failed && at != end; at.increment(failed))
        if (!may_be_in_a_new_store(at->path().filename().string()))
            return quoted(path) +
                   " is no store (it has no file 'format') and not empty; name an empty folder, or one that is not "
                   "there yet";
    return std::nullopt;
}

}  // namespace larder::config
