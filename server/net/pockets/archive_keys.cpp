#include "pockets/archive_keys.hpp"
#include <cerrno>
#include <larder/base/file.hpp>
#include <sys/stat.h>

namespace larder::net {
namespace {

constexpr std::uint64_t most_key = 1 << 20;

}  // namespace

result<std::shared_ptr<const signing::signer>> archive_keys::make(const std::string& archive,
                                                                  const std::string& user_id) {
    const std::lock_guard lock{mutex_};
    const auto path = path_of(archive);
    if (const auto there = read_file(path, most_key); there || there.error().code() != errc::absent)
        return error{errc::conflict,
                     path + " is there already: the key of an archive of that name. Move it away first"};
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return errno_error(errno, "creating folder " + folder_);
    LARDER_TRY(auto made, signing::signer::make(user_id));
    LARDER_CHECK(replace_file(path, made.secret_key(), 0600));
    auto key = std::make_shared<const signing::signer>(std::move(made));
    known_[archive] = key;
    return key;
}

result<std::shared_ptr<const signing::signer>> archive_keys::get(const std::string& archive) {
    const std::lock_guard lock{mutex_};
    if (const auto known = known_.find(archive); known != known_.end()) return known->second;
    const auto path = path_of(archive);
    auto secret = read_file(path, most_key);
    if (!secret) return secret.error().in("the key of archive '" + archive + "'");
    auto opened = signing::signer::open(std::move(*secret));
    if (!opened) return opened.error().in("the key of archive '" + archive + "', " + path);
    auto key = std::make_shared<const signing::signer>(std::move(*opened));
    known_[archive] = key;
    return key;
}

std::mutex& archive_keys::turn(const std::string& archive) {
    const std::lock_guard lock{mutex_};
    return turns_[archive];
}

}  // namespace larder::net
