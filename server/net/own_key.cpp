#include "own_key.hpp"
#include <cerrno>
#include <larder/base/file.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::net {
namespace {

constexpr std::uint64_t most_key = 1 << 20;

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "an unnamed host";
}

}  // namespace

result<std::shared_ptr<const signing::signer>> own_key::get() {
    const std::lock_guard lock{mutex_};
    if (key_) return key_;
    auto made = read_or_make();
    if (!made) return made.error().in("the key of this store, " + folder_ + "/larder.key");
    key_ = std::make_shared<const signing::signer>(std::move(*made));
    return key_;
}

result<signing::signer> own_key::read_or_make() const {
    const auto path = folder_ + "/larder.key";
    auto secret = read_file(path, most_key);
    if (secret) return signing::signer::open(std::move(*secret));
    if (secret.error().code() != errc::absent) return secret.error();
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return errno_error(errno, "creating folder " + folder_);
    LARDER_TRY(auto made, signing::signer::make("Larder at " + host_name()));
    LARDER_CHECK(replace_file(path, made.secret_key(), 0600));
    return made;
}

}  // namespace larder::net
