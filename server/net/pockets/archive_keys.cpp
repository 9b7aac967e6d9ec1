#include "pockets/archive_keys.hpp"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <larder/signing/signing_process.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::net {
namespace {

constexpr std::uint64_t most_key = 1 << 20;
constexpr std::chrono::seconds kept_ready{60};

bool same(const std::vector<signing::secret_key>& a, const std::vector<signing::secret_key>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
        return one.fingerprint == other.fingerprint && one.text == other.text && one.agent_home == other.agent_home &&
               one.passphrase == other.passphrase;
    });
}

}  // namespace

archive_keys::archive_keys(std::string store_path)
    : folder_{std::move(store_path) + "/keys"}, closing_{[this](const std::stop_token&) { return close_idle(); }} {}

std::string archive_keys::path_of(const std::string& archive, const std::string& fingerprint,
                                  const char* ending) const {
    return folder_ + "/archive-" + archive + (fingerprint.empty() ? "" : "+") + fingerprint + ending;
}

result<void> archive_keys::keep(const std::string& archive, const std::string& fingerprint, const std::string& secret,
                                const std::string& revocation) {
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return errno_error(errno, "creating folder " + folder_);
    if (!revocation.empty()) LARDER_CHECK(replace_file(path_of(archive, fingerprint, ".rev"), revocation, 0600));
    if (!secret.empty()) LARDER_CHECK(replace_file(path_of(archive, fingerprint, ".key"), secret, 0600));
    // Of an archive that was made with one key: what is kept now stands in its place.
    const auto first = path_of(archive, {}, ".key");
    const auto old = read_file(first, most_key);
    if (secret.empty() || !old) return {};
    const auto read = signing::read_secret_key(*old, passphrase_of(archive, fingerprint));
    if (read && read->facts.fingerprint == fingerprint && ::unlink(first.c_str()) != 0)
        return errno_error(errno, "removing " + first);
    return {};
}

result<signing::secret_key> archive_keys::secret_of(const std::string& archive, const pockets::archive_key& of) const {
    signing::secret_key made{of.fingerprint, {}, of.agent_home, passphrase_of(archive, of.fingerprint)};
    if (!of.agent_home.empty()) return made;
    const auto path = path_of(archive, of.fingerprint, ".key");
    auto text = read_file(path, most_key);
    if (!text && text.error().code() == errc::absent) text = read_file(path_of(archive, {}, ".key"), most_key);
    if (!text && text.error().code() == errc::absent)
        return error{errc::absent, "the secret of key " + of.fingerprint + " of archive '" + archive +
                                       "' is not here: it should be " + path + "; larder key import brings it back"};
    if (!text) return text.error().in("the key of archive '" + archive + "'");
    made.text = std::move(*text);
    return made;
}

result<std::string> archive_keys::revocation_of(const std::string& archive, const std::string& fingerprint) const {
    return read_file(path_of(archive, fingerprint, ".rev"), most_key);
}

std::string archive_keys::passphrase_of(const std::string& archive, const std::string& fingerprint) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) return {};
    for (const auto& name : {"/larder-key-" + archive + "-" + fingerprint, "/larder-key-" + archive}) {
        const auto text = read_file(folder + name, most_key);
        if (text) return text->substr(0, text->find_last_not_of("\r\n") + 1);
    }
    return {};
}

result<std::shared_ptr<archive_keys::desk>> archive_keys::begin(const pockets::local_archive& of, sys_seconds now) {
    const auto signing = of.signing(now);
    if (signing.empty())
        return error{errc::refused, "no key of archive '" + of.name +
                                        "' can sign now: larder key list says why, larder key expire gives one more "
                                        "time, larder key rotate makes another"};
    std::vector<signing::secret_key> keys, staying;
    for (const auto* one : signing) {
        auto secret = secret_of(of.name, *one);
        // One that is on its way out, and lost, must not keep the archive from being published: clients that take the
        // newer one follow, and larder key list shows since when it is leaving.
        if (!secret && secret.error().code() == errc::absent && one->state == pockets::key_state::leaving) continue;
        if (!secret) return secret.error();
        const bool may_miss = one->state == pockets::key_state::leaving && !secret->agent_home.empty();
        if (!may_miss) staying.push_back(*secret);
        keys.push_back(std::move(*secret));
    }
    if (keys.empty())
        return error{errc::absent, "no secret of a key of archive '" + of.name + "' that signs now is here"};
    std::shared_ptr<desk> made;
    {
        const std::lock_guard lock{mutex_};
        auto& known = desks_[of.name];
        if (!known || !same(known->keys_, keys)) {
            known = std::make_shared<desk>();
            known->keys_ = std::move(keys);
            known->staying_ = std::move(staying);
            known->begin(known->keys_);
        }
        known->used_ = std::chrono::steady_clock::now();
        made = known;
    }
    closing_.wake();
    return made;
}

void archive_keys::desk::begin(std::vector<signing::secret_key> keys) {
    session_ = std::async(std::launch::async, [keys = std::move(keys)]() -> opened {
                   LARDER_TRY(auto session, signing::signing_process::begin(keys));
                   return std::shared_ptr<const signing::signing_session>{std::move(session)};
               }).share();
}

result<signing::signing_session::both_ways> archive_keys::desk::sign(std::string_view text) {
    const auto& session = session_.get();
    return session ? (*session)->release(text) : session.error();
}

result<signing::signing_session::both_ways> archive_keys::desk::release(std::string_view text) {
    const std::lock_guard lock{mutex_};
    auto made = sign(text);
    if (made) return made;
    // Its agent may have gone, or its folder: once more, from the beginning.
    begin(keys_);
    made = sign(text);
    if (made || staying_.empty() || staying_.size() == keys_.size()) return made;
    begin(staying_);
    auto without = sign(text);
    return without ? std::move(without) : std::move(made);
}

pinning::rounds::clock::time_point archive_keys::close_idle() {
    std::vector<std::shared_ptr<desk>> closed;  // after the lock: it takes a moment
    auto next = pinning::rounds::clock::time_point::max();
    const std::lock_guard lock{mutex_};
    for (auto one = desks_.begin(); one != desks_.end();) {
        const auto end = one->second->used_ + kept_ready;
        if (end <= pinning::rounds::clock::now()) {
            closed.push_back(std::move(one->second));
            one = desks_.erase(one);
            continue;
        }
        next = std::min(next, end);
        ++one;
    }
    return next;
}

std::mutex& archive_keys::turn(const std::string& archive) {
    const std::lock_guard lock{mutex_};
    return turns_[archive];
}

void archive_keys::publish(const std::string& archive, std::string armoured) {
    const std::lock_guard lock{mutex_};
    published_[archive] = std::move(armoured);
}

std::string archive_keys::published(const std::string& archive) const {
    const std::lock_guard lock{mutex_};
    const auto found = published_.find(archive);
    return found == published_.end() ? std::string{} : found->second;
}

}  // namespace larder::net
