#pragma once

#include <larder/net/keys.hpp>

namespace larder::net {

/// A new key of an archive, its secret and its revocation kept; nothing names it yet. It is active.
result<pockets::archive_key> new_key(engine& e, const std::string& archive, const std::string& user_id,
                                     signing::key_algorithm algorithm, std::optional<sys_seconds> expires);

/// The same of a secret key that was made elsewhere. `refused` says how a passphrase comes; and where the archive has
/// more of the key than the text: what is kept of its primary is not written over.
result<pockets::archive_key> taken_key(engine& e, const std::string& archive, const std::string& text);

/// What is told of a key, in the archive's description.
void take_facts(pockets::archive_key& to, const signing::key_facts& facts);
/// The same of a key that it has already, some of which may have changed.
result<void> renew_facts(pockets::archive_key& to, const signing::key_facts& facts);

/// The key that is meant: by its fingerprint, or eight digits or more of the end of that; where none is given, the only
/// one that signs.
result<pockets::archive_key*> key_meant(pockets::local_archive& of, std::string_view given, sys_seconds now);

/// For how long an old key signs beside a newer one: never less than `least`, the longest Valid-Until of the archive's
/// pockets, since clients hold on to what they have until then; `usual` where nobody says.
struct key_overlaps {
    std::chrono::seconds least{0}, usual{0};
};
result<key_overlaps> overlaps_of(engine& e, const std::string& archive);

/// That it ends soon, or has ended, or stays longer than it was to; empty where there is nothing to say.
std::string warning_of(const pockets::archive_key& of, sys_seconds now);

}  // namespace larder::net
