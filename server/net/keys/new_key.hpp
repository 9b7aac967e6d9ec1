#pragma once

#include <larder/net/keys.hpp>

namespace larder::net {

/// A new key of an archive, its secret and its revocation kept; nothing names it yet. It is active.
result<pockets::archive_key> new_key(engine& e, const std::string& archive, const std::string& user_id,
                                     signing::key_algorithm algorithm, std::optional<sys_seconds> expires);

/// The same of a secret key that was made elsewhere. `refused` says how a passphrase comes.
result<pockets::archive_key> taken_key(engine& e, const std::string& archive, const std::string& text);

/// What is told of a key, in the archive's description.
void take_facts(pockets::archive_key& to, const signing::key_facts& facts);
/// The same of a key that it has already, some of which may have changed.
result<void> renew_facts(pockets::archive_key& to, const signing::key_facts& facts);

/// That it ends soon, or has ended; empty where there is nothing to say.
std::string warning_of(const pockets::archive_key& of, sys_seconds now);

}  // namespace larder::net
