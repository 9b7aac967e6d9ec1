#pragma once

#include <larder/net/deployments.hpp>

namespace larder::net {

// A deployment carried as one file. Calls block, as those of deployments.hpp do; files are on the machine of the store.

struct export_options {
    std::string name;
    std::string file;
    bool partial = false;  ///< also when something that it holds is not here
};
struct export_report {
    std::string name, file;
    std::uint64_t generation = 0;
    std::uint64_t objects = 0, bytes = 0;  ///< that are in the bundle
    std::uint64_t resumed = 0;             ///< of those, from an attempt that was interrupted
    std::uint64_t file_bytes = 0;
    std::vector<hold_row> missing;  ///< that it holds, and that are not here
    std::string signer;             ///< fingerprint of this store's key
};
/// Writes all generations of a deployment, the states of its suites, and what it holds into a file: as FILE.part, which
/// a later call goes on with after an interruption, and then under its name. Every object is hashed on its way:
/// `digest_mismatch` names a damaged one. `absent` names what is held and not here.
result<export_report> export_deployment(engine& e, const export_options& options, const progress_sink& tell,
                                        std::stop_token stop = {});

struct import_bundle_options {
    std::string file;
    /// Whose bundles are taken: keyring files, or armoured keys themselves. This store's own key is one of them.
    std::vector<std::string> keyrings;
    signed_for who;
};
struct import_bundle_report {
    deployments::deployment deployment;
    std::uint64_t generations = 0;         ///< that are new here
    std::uint64_t objects = 0, bytes = 0;  ///< that are in the bundle
    std::uint64_t already_here = 0;        ///< of the objects
    std::string made_by;                   ///< fingerprint of the key that signed it
    std::vector<std::string> vouched;      ///< states whose own signature cannot be verified here any more, and why not
    std::vector<std::string> unproven;     ///< held files that no index of its suites names: they are left out
    std::vector<hold_row> missing;         ///< that it holds, and that are not in the bundle
};
/// Takes in a bundle: its signature, the hash of everything in it, the signatures of the suites' states, and that the
/// indices name what is held. Then the deployment is there with all its generations, in one step; where it is here
/// already, those that are new. No network is needed, but the archives must be configured (`absent`). What came stays
/// after an interruption, and the next call leaves it out. `refused` where this Larder's deployment of that name is
/// another; `bad_signature`, `malformed`.
result<import_bundle_report> import_bundle(engine& e, const import_bundle_options& options, const progress_sink& tell,
                                           std::stop_token stop = {});

/// This store's own public key, by which its bundles are known.
struct own_key_report {
    std::string fingerprint, public_key;
};
result<own_key_report> show_own_key(engine& e);

/// One JSON object, without a newline.
std::string to_json(const export_report& report);
std::string to_json(const import_bundle_report& report);
std::string to_json(const own_key_report& report);

}  // namespace larder::net
