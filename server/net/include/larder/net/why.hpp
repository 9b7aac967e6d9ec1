#pragma once

#include <larder/net/engine.hpp>
#include <larder/store/fetches.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace larder::net {

// Why an object is here: where it came from, what vouches for it, and who keeps it.

/// A key that signed a state. The user id is for people: it is what the archive's keyring has, and empty where that has
/// not got the key (any more).
struct why_signer {
    std::string fingerprint, user_id;
};

/// A verified state that names the object.
struct why_state {
    std::string archive, suite;
    digest snapshot{};
    sys_seconds date{};
    bool current = false;
    bool shown = false;  ///< signed by this store, and shown in place of upstream's
    /// What of it names the object, below the suite's folder: "main/binary-amd64/Packages". Empty: the object is the
    /// state's manifest.
    std::string by;
    std::vector<why_signer> signers;
};

/// A deployment whose generations name the object.
struct why_deployment {
    std::string name;
    bool removed = false;                    ///< it is kept until its grace time is over
    std::vector<std::uint64_t> generations;  ///< whose states name it, the first first
    bool held = false;                       ///< it stays for ever because of them
    std::vector<std::string> how;            ///< in what way it is held, each a few words; empty when it is not
};

struct why_object {
    digest content{};
    std::optional<std::uint64_t> size{};
    bool here = false;
    bool whole = false;                          ///< its file was read, and has this hash
    std::string package, version, architecture;  ///< empty for what is no package
    std::string archive, path;                   ///< as a verified index names it; empty when none does
    std::vector<store::fetch_entry> entries;     ///< of the fetch log, the oldest first; at most 100
    std::vector<why_state> states;               ///< current ones and such as generations pin; else former ones
    std::vector<why_deployment> deployments;     ///< by name
    std::vector<std::string> refs;               ///< that name the object itself
};

struct why_report {
    std::string asked;
    std::vector<why_object> objects;         ///< by package, version and architecture; none: nothing is known of it
    std::optional<sys_seconds> log_began{};  ///< what came before is not in the fetch log
    std::vector<std::string> unread;         ///< what could not be looked at
    bool more = false;                       ///< there are more objects of this name than are told
};

/// `what`: the SHA-256 of an object; a package, "hello", "hello=2.10-3", "hello:amd64=2.10-3" or "hello=2.10-3:amd64";
/// or a path below an archive's root, with or without the archive's name in front. Packages are looked for in the
/// current states of all suites and in those that generations pin; and where none of these knows it, in all others that
/// are kept. `bad_config` for what is none of these. Blocks, and reads indices that were not read before.
result<why_report> explain(engine& e, const std::string& what, const progress_sink& tell, std::stop_token stop = {});

/// One JSON object, without a newline.
std::string to_json(const why_report& report);

}  // namespace larder::net
