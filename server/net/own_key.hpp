#pragma once

#include <larder/signing/signer.hpp>
#include <memory>
#include <mutex>
#include <string>

namespace larder::net {

/// The key that this store signs with: made when it is needed first, kept as keys/larder.key in the store's folder,
/// which only its user may read. Thread-safe; blocks.
class own_key {
public:
    explicit own_key(std::string store_path) : folder_{std::move(store_path) + "/keys"} {}

    result<std::shared_ptr<const signing::signer>> get();

private:
    result<signing::signer> read_or_make() const;

    const std::string folder_;
    std::mutex mutex_;
    std::shared_ptr<const signing::signer> key_;
};

}  // namespace larder::net
