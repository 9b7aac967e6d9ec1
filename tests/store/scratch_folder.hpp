#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace larder::test {

/// Where a test's folder is: a real file system ($TMPDIR, else /var/tmp), or, for a test that makes
/// hundreds of stores and whose syncs mean nothing, memory where the machine has such a folder.
enum class on { disk, memory };

/// A folder of its own for a test, gone at the end.
class scratch_folder {
public:
    explicit scratch_folder(on where = on::disk) {
        const char* base = std::getenv("TMPDIR");
        path_ = base != nullptr ? base : "/var/tmp";
        if (where == on::memory && ::access("/dev/shm", W_OK) == 0) path_ = "/dev/shm";
        path_ += "/larder-store-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no scratch folder at " + path_};
    }
    ~scratch_folder() {
        std::error_code ec;
        std::filesystem::remove_all(path_, ec);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace larder::test
