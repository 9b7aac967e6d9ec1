#pragma once

#include <larder/signing/signer.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace larder::net {

/// The keys that local archives are signed with: keys/archive-NAME.key in the store's folder, which only its user may
/// read. Thread-safe; blocks.
class archive_keys {
public:
    explicit archive_keys(std::string store_path) : folder_{std::move(store_path) + "/keys"} {}

    /// Makes one. `conflict` where there is one: a key is never written over.
    result<std::shared_ptr<const signing::signer>> make(const std::string& archive, const std::string& user_id);
    /// `absent` says where it should be.
    result<std::shared_ptr<const signing::signer>> get(const std::string& archive);

    /// Held while something is published in the archive: who comes meanwhile waits, and is not told that it was
    /// changed.
    std::mutex& turn(const std::string& archive);

private:
    std::string path_of(const std::string& archive) const { return folder_ + "/archive-" + archive + ".key"; }

    const std::string folder_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const signing::signer>> known_;
    std::map<std::string, std::mutex> turns_;
};

}  // namespace larder::net
