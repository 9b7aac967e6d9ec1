#pragma once

#include <larder/net/pockets.hpp>
#include <larder/signing/archive_key.hpp>
#include <optional>
#include <string>
#include <vector>

namespace larder::net {

// The keys of local archives: each call blocks, on an ordinary thread; a job of the API, or a command that has the
// store open itself. What changes the keys that sign, or that clients are told of, publishes every pocket of the
// archive again, as it is: what a crash leaves undone of that, a server does within a minute. A frozen pocket, too: its
// packages stay as they are, and it is only signed anew.

/// What clients hold against a key that ends soon is told for so long before.
inline constexpr std::chrono::hours key_warning{24 * 60};
/// How long an old key signs beside a new one where no pocket has a Valid-Until.
inline constexpr std::chrono::hours usual_overlap{24 * 30};

struct key_row {
    std::string archive;
    pockets::archive_key key;
    std::string warning;  ///< that it ends soon, or has; empty: nothing is to be done
};
struct key_list {
    std::vector<key_row> keys;
    std::vector<std::string> packages;  ///< keyring packages that are published: "NAME VERSION"
};
/// Of one archive, or of all (empty).
result<key_list> list_keys(engine& e, const std::string& archive);

/// What became of a pocket.
struct pocket_note {
    std::string pocket;
    std::uint64_t publication = 0;  ///< 0: none was made
    std::string note;               ///< for people: that it is frozen, or what failed
    bool failed = false;            ///< it is tried again
};
struct key_report {
    pockets::local_archive archive;
    std::string fingerprint;  ///< of the key that it is about
    std::vector<pocket_note> pockets;
    std::vector<std::string> notes;  ///< for people
};

struct key_generate_options {
    std::string archive, user_id;  ///< empty: as that of the last key
    signing::key_algorithm algorithm = signing::key_algorithm::ed25519;
    std::optional<sys_seconds> expires;
    publisher who;
};
/// A new key that does not sign yet: clients are told of it, and rotate_keys() puts it to work.
result<key_report> generate_key(engine& e, const key_generate_options& options);

struct key_import_options {
    std::string archive;
    std::string secret;             ///< armoured; empty: a file, or an agent
    std::string file;               ///< on this machine, absolute
    std::string agent, agent_home;  ///< a fingerprint, and the GnuPG home whose agent has it
    publisher who;
};
/// The same of a key that was made elsewhere. One that the archive has already gets its secret back.
result<key_report> import_key(engine& e, const key_import_options& options);

struct key_rotate_options {
    std::string archive;
    std::string to;  ///< one that is coming; empty: the one that is, or a new one
    signing::key_algorithm algorithm = signing::key_algorithm::ed25519;
    std::optional<sys_seconds> expires;           ///< of a new one
    std::optional<std::chrono::seconds> overlap;  ///< none: the longest Valid-Until, else usual_overlap
    publisher who;
};
/// Both sign from now on, and the old ones leave by themselves when the overlap is over. `refused` for an overlap that
/// is shorter than a client may hold on to what it has.
result<key_report> rotate_keys(engine& e, const key_rotate_options& options);

struct key_revoke_options {
    std::string archive, fingerprint;
    std::string certificate;  ///< armoured; empty: the one that was made with the key
    publisher who;
};
/// Signs no more with it, at once, and tells clients. Where no other is left that signs, the one that is coming does,
/// or a new one.
result<key_report> revoke_key(engine& e, const key_revoke_options& options);

struct key_expire_options {
    std::string archive, fingerprint;  ///< empty: its only key that signs
    std::optional<sys_seconds> at;     ///< none: never
    publisher who;
};
result<key_report> expire_key(engine& e, const key_expire_options& options);

struct key_export_options {
    std::string archive, fingerprint;  ///< empty: all that are published, or the only one that signs
    std::string primary;               ///< the whole secret goes into this new file, absolute; empty: only public keys
    bool remove = false;               ///< and the primary's secret leaves the store then
    publisher who;
};
struct key_export_report {
    std::string archive, fingerprint, public_key, file;
    bool removed = false;
};
result<key_export_report> export_key(engine& e, const key_export_options& options);

struct key_package_options {
    std::string archive;
    bool wanted = true;
    publisher who;
};
/// Whether the archive's pockets have a package with its keys, ARCHIVE-keyring, which is kept up to date.
result<key_report> package_keys(engine& e, const key_package_options& options);

/// The reports as JSON.
std::string to_json(const key_list&);
std::string to_json(const key_report&);
std::string to_json(const key_export_report&);

}  // namespace larder::net
